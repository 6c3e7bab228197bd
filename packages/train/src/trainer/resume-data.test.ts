import { type Backend } from '@timestep/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { epochData, generatedData, memoryStorage, shuffledBatches, type DataSource } from '../index.ts';
import { backends } from '../test-support/backends.ts';
import { lineBatch, type LineBatch } from '../test-support/line.ts';
import { generator, lines, weights, withTrainer } from '../test-support/with-trainer.ts';

let backend: Backend;
beforeAll(async () => void (backend = await backends[0]!.create()));
afterAll(() => backend.dispose());

const checkpoints = { every: 4 };
const table = lineBatch(64, generator(1));

/** Passes over the rows of `rows`. */
const epochs = (batchSize: number, seed: number, rows: LineBatch = table): DataSource<LineBatch> =>
  epochData(
    (random) => shuffledBatches(rows.y.length, batchSize, random),
    (indices) => ({
      x: Float32Array.from(indices.flatMap((index) => [...rows.x.subarray(index * 3, index * 3 + 3)])),
      y: Float32Array.from(indices, (index) => rows.y[index]!),
    }),
    { seed },
  );
const changed = { ...table, x: table.x.map((value) => value + 0.5) };
const named = (name: string): DataSource<LineBatch> => ({ ...lines(), fingerprint: () => name });

it.each<[string, () => DataSource<LineBatch>, () => DataSource<LineBatch>]>([
  ['seed of generated data', () => lines(8, 3), () => lines(8, 4)],
  ['batch size of generated data', () => lines(8, 3), () => lines(16, 3)],
  ['seed of an epoch', () => epochs(8, 3), () => epochs(8, 4)],
  ['batch size of an epoch', () => epochs(8, 3), () => epochs(16, 3)],
  ['table of examples', () => epochs(8, 3), () => epochs(8, 3, changed)],
  ['fingerprint', () => named('a'), () => named('b')],
  [
    'asynchronous source',
    () => lines(8, 3),
    () => generatedData(async (_, random) => lineBatch(8, random), { seed: 9 }),
  ],
])('another %s is noticed on resume, and the run stays as it was', async (_what, data, other) => {
  const storage = memoryStorage();
  await withTrainer(backend, { storage, checkpoints, data: data() }, async (trainer) => {
    await trainer.fit({ steps: 4 });
  });
  await withTrainer(backend, { storage, checkpoints, data: other() }, async (trainer, model) => {
    const before = await weights(model);
    await expect(trainer.resume()).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
      message: expect.stringMatching(/the data are others.*resume\(\{ checkData: false \}\)/) as string,
    });
    expect(trainer.step).toBe(0);
    expect(await weights(model)).toEqual(before);
    expect(await trainer.resume({ checkData: false })).toMatchObject({ step: 4 });
    expect(await weights(model)).not.toEqual(before);
    // The run goes on with the new data, and its next resumption has nothing to compare.
    await trainer.fit({ steps: 8 });
  });
  await withTrainer(backend, { storage, checkpoints, data: other() }, async (trainer) => {
    expect(await trainer.resume()).toMatchObject({ step: 8 });
  });
});

it('the data of the run are accepted, made ahead or not', async () => {
  const storage = memoryStorage();
  await withTrainer(backend, { storage, checkpoints, data: lines(8, 3) }, async (trainer) => {
    await trainer.fit({ steps: 4 });
  });
  const ahead = generatedData(async (_, random) => lineBatch(8, random), { seed: 3, ahead: 3 });
  await withTrainer(backend, { storage, checkpoints, data: ahead }, async (trainer) => {
    expect(await trainer.resume()).toMatchObject({ step: 4 });
  });
});
