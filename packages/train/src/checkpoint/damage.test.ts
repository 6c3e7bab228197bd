import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator } from '@timestep/core';
import { expect, it } from 'vitest';
import {
  Adam,
  decodeCheckpoint,
  encodeCheckpoint,
  generatedData,
  memoryStorage,
  plateau,
  Trainer,
  TrainError,
  type Json,
  type Storage,
} from '../index.ts';
import { lineBatch, lineLoss, LineModel } from '../test-support/line.ts';

const backend = createReferenceBackend();
const name = 'checkpoint-00000006.safetensors';

function makeRun(storage: Storage) {
  const model = new LineModel(backend, { rate: 0.3 });
  const schedule = plateau({ patience: 0 });
  const data = generatedData((_, random) => lineBatch(4, random), { seed: 3 });
  const optimizer = new Adam(model.namedParameters(), { amsgrad: true });
  const validation = { every: 2, data: () => [lineBatch(4, new Generator(1))] };
  const trainer = new Trainer({
    model,
    loss: lineLoss,
    optimizer,
    data,
    schedule,
    validation,
    storage,
    checkpoints: { every: 3 },
  });
  const look = async () => ({
    weights: [...(await model.stateDict())].map(([key, { data: values }]) => [key, [...values]]),
    random: model.dropout.generator.state,
    data: data.state(),
    schedule: schedule.state!(),
    optimizer: optimizer.state().json,
    memory: await Promise.all(
      [...optimizer.state().tensors.values()].map(async (tensor) => [...(await tensor.data())]),
    ),
    step: trainer.step,
  });
  return { trainer, look };
}

/** Every place in a JSON value, as the keys that lead there. */
function placesIn(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, entry]) => placesIn(entry, [...path, key]))];
}

/** A copy in which one place holds something else, or is gone. */
function changed(value: Json, [key, ...rest]: readonly string[], fresh: Json | undefined): Json {
  if (key === undefined) return fresh ?? null;
  const copy = (Array.isArray(value) ? [...(value as Json[])] : { ...(value as object) }) as Record<string, Json>;
  if (rest.length === 0 && fresh === undefined) {
    if (Array.isArray(copy)) copy.splice(Number(key), 1);
    else Reflect.deleteProperty(copy, key);
  } else copy[key] = changed(copy[key]!, rest, fresh);
  return copy;
}

it('a checkpoint whose inside is wrong, under a right checksum, changes nothing and is a typed error', async () => {
  const storage = memoryStorage();
  const first = makeRun(storage);
  await first.trainer.fit({ steps: 6 });
  const contents = decodeCheckpoint(await storage.read(name));
  const values: readonly (Json | undefined)[] = [
    undefined,
    null,
    -1,
    0.5,
    'x',
    true,
    [],
    {},
    [[]],
    NaN,
    2 ** 60,
    { __proto__: null, length: 3 },
  ];
  const second = makeRun(storage);
  const start = await second.look();
  const outcomes = { refused: 0, taken: 0 };
  const attempt = async (what: string, damaged: typeof contents): Promise<void> => {
    await storage.write(name, encodeCheckpoint(damaged));
    const error = await second.trainer.resume().then(
      () => null,
      (reason: unknown) => reason,
    );
    if (error === null) {
      outcomes.taken++;
      // What was taken is whole: training goes on from it.
      const third = makeRun(storage);
      await third.trainer.resume();
      await third.trainer.fit({ steps: third.trainer.step + 1 });
      await storage.remove('checkpoint-00000007.safetensors');
      // Back to the start for the next one.
      Object.assign(second, makeRun(storage));
      return;
    }
    outcomes.refused++;
    expect(error, `${what}: ${String(error)}`).toBeInstanceOf(TrainError);
    expect(['CHECKPOINT_MISMATCH', 'CHECKPOINT_DAMAGED'], what).toContain((error as TrainError).code);
    expect(await second.look(), what).toEqual(start);
  };
  await storage.remove('checkpoint-00000003.safetensors');
  for (const path of placesIn(contents.state))
    for (const value of values)
      await attempt(`${path.join('.')} = ${JSON.stringify(value)}`, {
        ...contents,
        state: changed(contents.state, path, value),
      });
  for (const [key, entry] of contents.tensors) {
    const others = [
      null,
      { shape: [entry.data.length + 1], data: new Float64Array(entry.data.length + 1) },
      { shape: [1, ...entry.shape], data: entry.data },
      { shape: entry.shape, data: Int32Array.from(entry.data) },
    ];
    for (const other of others) {
      const tensors = new Map(contents.tensors);
      if (other) tensors.set(key, other);
      else tensors.delete(key);
      await attempt(`tensor ${key}`, { ...contents, tensors });
    }
    for (const fresh of [`${key}x`, key.slice(key.indexOf('.') + 1), `other.${key}`, 'carriedx', ''])
      await attempt(`tensor ${fresh}`, { ...contents, tensors: new Map([...contents.tensors, [fresh, entry]]) });
  }
  expect(outcomes.refused).toBeGreaterThan(500);
  // Left: other numbers of the same kind, such as another place in the data, a metric or a step count.
  expect(outcomes.taken / (outcomes.taken + outcomes.refused)).toBeLessThan(0.15);
});
