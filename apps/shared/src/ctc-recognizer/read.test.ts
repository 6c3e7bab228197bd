import { createCpuBackend } from '@timestep/backend-cpu';
import { type Backend, Generator } from '@timestep/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CTCRecognizer } from './network.ts';
import { readSequences } from './read.ts';

const sizes = {
  inputSize: 6,
  classes: 5,
  convolutionSize: 12,
  convolutionKernel: 5,
  convolutionStride: 3,
  hiddenSize: 8,
  layers: 2,
  dropout: 0.3,
};
let backend: Backend;
beforeAll(async () => void (backend = await createCpuBackend({ threads: 1 })));
afterAll(() => backend.dispose());

test('a model with the same weights reads the same, whatever else is in the batch of a sequence', async () => {
  using original = new CTCRecognizer({ backend, ...sizes, generator: new Generator(3) });
  using copy = new CTCRecognizer({ backend, ...sizes, generator: new Generator(4) });
  copy.loadStateDict(await original.stateDict());
  const random = new Generator(8);
  const sequences = Array.from({ length: 40 }, (_, i) => ({
    data: random.fillNormal(new Float32Array(6 * (1 + i)), 0, 1),
    steps: 1 + i,
    size: 6,
  }));
  const before = await readSequences(original, sequences);
  expect(await readSequences(copy, sequences)).toEqual(before);
  const [alone] = await readSequences(copy, sequences.slice(3, 4));
  expect(alone!.steps).toBe(before[3]!.steps);
  alone!.logits.forEach((value, i) => expect(value).toBeCloseTo(before[3]!.logits[i]!, 4));
  expect(original.training).toBe(true);
});
