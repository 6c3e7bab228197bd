import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator } from '@timestep/core';
import { GRU, Linear, Sequential } from '@timestep/layers';
import { expect, test } from 'vitest';
import { Adam, generatedData, memoryStorage, Trainer } from './index.ts';
import { loadModel, modelOfCheckpoint, saveModel } from './model-file.ts';
import { lineBatch, lineLoss, LineModel } from './test-support/line.ts';

const backend = createReferenceBackend();

function model(seed: number, hiddenSize = 5): Sequential {
  const generator = new Generator(seed);
  return new Sequential(
    new GRU({ backend, inputSize: 3, hiddenSize, generator }),
    new Linear({ backend, inputSize: hiddenSize, outputSize: 2, generator }),
  );
}

async function parametersOf(one: Sequential): Promise<number[][]> {
  return Promise.all(one.parameters().map(async (parameter) => [...(await parameter.data())]));
}

test('a model that was saved and loaded is the same', async () => {
  const [first, second] = [model(1), model(2)];
  expect(await parametersOf(second)).not.toEqual(await parametersOf(first));
  expect(loadModel(second, await saveModel(first))).toEqual({ missing: [], unexpected: [] });
  expect(await parametersOf(second)).toEqual(await parametersOf(first));
});

test('a file cut anywhere, or of another model, changes nothing', async () => {
  const [first, second] = [model(1), model(2)];
  const before = await parametersOf(second);
  const bytes = await saveModel(first);
  for (let end = 0; end < bytes.length; end += 7)
    expect(() => loadModel(second, bytes.subarray(0, end))).toThrow(expect.objectContaining({ code: 'MODEL_DAMAGED' }));
  const wider = await saveModel(model(3, 6));
  expect(() => loadModel(second, wider)).toThrow(expect.objectContaining({ code: 'STATE_DICT_MISMATCH' }));
  expect(await parametersOf(second)).toEqual(before);
});

test('a checkpoint is named as one, and its model can be read', async () => {
  const storage = memoryStorage();
  const trained = new LineModel(backend);
  const optimizer = new Adam(trained.namedParameters());
  const data = generatedData((_, random) => lineBatch(4, random), { seed: 1 });
  const validation = { every: 1, data: () => [lineBatch(4, new Generator(2))] };
  const settings = { model: trained, loss: lineLoss, optimizer, data, validation, storage, checkpoints: { every: 2 } };
  const { best } = await new Trainer(settings).fit({ steps: 2 });
  const other = new LineModel(backend, { seed: 9 });
  const bytes = await storage.read('checkpoint-00000002.safetensors');
  const attempt = () => loadModel(other, bytes);
  expect(attempt).toThrow(/checkpoint of a Trainer.*modelOfCheckpoint\(bytes\).*trainer\.resume\(\)/);
  expect(attempt).not.toThrow(/strict/);
  loadModel(other, modelOfCheckpoint(bytes));
  expect(await other.stateDict()).toEqual(await trained.stateDict());
  const file = await storage.read(`best-${String(best!.step).padStart(8, '0')}.safetensors`);
  expect(loadModel(other, file)).toEqual({ missing: [], unexpected: [] });
  expect(() => modelOfCheckpoint(file)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_MISMATCH' }));
});

test('bytes in any form are read, and what is none is refused', async () => {
  const [first, second] = [model(1), model(2)];
  const bytes = await saveModel(first);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  for (const form of [Buffer.from(bytes), shifted.subarray(3), bytes.slice().buffer, shared, shared.buffer])
    expect(loadModel(second, form)).toEqual({ missing: [], unexpected: [] });
  expect(await parametersOf(second)).toEqual(await parametersOf(first));
  const untyped = loadModel as (...values: unknown[]) => unknown;
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error;
  for (const bad of [undefined, 'model.safetensors', 5, Promise.resolve(bytes), [1, 2]])
    expect(() => untyped(second, bad)).toThrow(refused);
  expect(() => untyped(null, bytes)).toThrow(refused);
  expect(() => untyped(second, bytes, { stirct: false })).toThrow(/did you mean strict\?/);
  await expect((saveModel as (model: unknown) => Promise<unknown>)({})).rejects.toThrow(refused);
});
