import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator } from '@timestep/core';
import { GRU, Linear, Sequential } from '@timestep/layers';
import { expect, test } from 'vitest';
import { loadModel, saveModel } from './model-file.ts';

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
