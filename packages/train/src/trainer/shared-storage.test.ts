import { type Backend } from '@timestep/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Adam, memoryStorage, Trainer, type Storage } from '../index.ts';
import { backends } from '../test-support/backends.ts';
import { lineLoss, LineModel } from '../test-support/line.ts';
import { lines, withTrainer } from '../test-support/with-trainer.ts';

let backend: Backend;
beforeAll(async () => void (backend = await backends[0]!.create()));
afterAll(() => backend.dispose());

const checkpoints = { every: 2 };
const locked = expect.objectContaining({ code: 'STORAGE_LOCKED' }) as Error;

async function records(storage: Storage): Promise<Record<string, unknown>[]> {
  const text = new TextDecoder().decode(await storage.read('log.jsonl'));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it.each([
  ['checkpoints', { checkpoints }],
  ['a log', { log: 'log.jsonl' }],
])('two Trainers with %s in one storage: the second is refused until the first has ended', async (_what, own) => {
  const storage = memoryStorage();
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const source = lines();
  const slow = { ...source, next: () => gate.then(() => source.next()) };
  const model = new LineModel(backend);
  using first = new Trainer({
    model,
    loss: lineLoss,
    optimizer: new Adam(model.namedParameters(), { learningRate: 0.05 }),
    data: slow,
    storage,
    ...own,
  });
  const running = first.fit({ steps: 2 });
  await withTrainer(backend, { storage, ...own }, async (second) => {
    await expect(second.fit({ steps: 2 })).rejects.toEqual(locked);
    if ('checkpoints' in own) await expect(second.resume()).rejects.toEqual(locked);
    expect(second.step).toBe(0);
  });
  release();
  expect(await running).toMatchObject({ step: 2, reason: 'steps' });
  await withTrainer(backend, { storage, ...own }, async (second) => {
    if ('checkpoints' in own) expect(await second.resume()).toMatchObject({ step: 2 });
    expect(await second.fit({ steps: 4 })).toMatchObject({ step: 4 });
  });
  model.dispose();
});

it('a training that fails gives the storage back', async () => {
  const storage = memoryStorage();
  const broken = {
    ...lines(),
    next: () => Promise.reject(new Error('no network')),
  };
  await withTrainer(backend, { storage, checkpoints, data: broken }, async (trainer) => {
    await expect(trainer.fit({ steps: 2 })).rejects.toThrow('no network');
  });
  await withTrainer(backend, { storage, checkpoints }, async (trainer) => {
    expect(await trainer.fit({ steps: 2 })).toMatchObject({ step: 2 });
  });
});

it('a log without checkpoints gets each run added, after a line that a kill left unfinished is cut off', async () => {
  const storage = memoryStorage();
  const options = { storage, log: 'log.jsonl', readEvery: 2 };
  await withTrainer(backend, options, async (trainer) => void (await trainer.fit({ steps: 4 })));
  const first = await records(storage);
  expect(first.map(({ type, step }) => `${type as string} ${step as number}`)).toEqual([
    'start 0',
    'train 2',
    'train 4',
    'end 4',
  ]);
  await storage.append('log.jsonl', '{"type":"train","st');
  await withTrainer(backend, options, async (trainer) => {
    await expect(trainer.resume()).rejects.toThrow(/needs a storage and checkpoints/);
    await trainer.fit({ steps: 2 });
    await trainer.fit({ steps: 4 });
  });
  const all = await records(storage);
  expect(all.slice(0, first.length)).toEqual(first);
  expect(all.slice(first.length).map(({ type, step }) => `${type as string} ${step as number}`)).toEqual([
    'start 0',
    'train 2',
    'end 2',
    'start 2',
    'train 4',
    'end 4',
  ]);
  expect(await storage.list()).toEqual(['log.jsonl']);
});
