import { Generator, ones, zeros } from '@timestep/core';
import { createCpuBackend } from '@timestep/backend-cpu';
import { afterEach, expect, it, vi } from 'vitest';
import { LSTM } from './lstm.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('lengths are checked and sorted once for all layers and directions, forward and backward', async () => {
  const backend = await createCpuBackend({ threads: 1 });
  const forward = vi.spyOn(backend.fused.lstmSequence, 'forward');
  const sort = vi.spyOn(Array.prototype, 'sort');
  const lstm = new LSTM({
    backend,
    inputSize: 3,
    hiddenSize: 4,
    numLayers: 2,
    bidirectional: true,
    generator: new Generator(1),
  });
  const x = zeros(backend, [5, 5, 3]);
  let reads = 0;
  const lengths = new Proxy([2, 5, 0, 3, 4], {
    get(target, key) {
      if (key === '1') reads++;
      return Reflect.get(target, key) as unknown;
    },
  });
  lstm.forward(x, { lengths }).output.backward(ones(backend, [5, 5, 8]));
  expect(forward).toHaveBeenCalledTimes(4);
  const seen = new Set(forward.mock.calls.map(([spec]) => spec.lengths));
  // One array for all calls, so that nobody has checked it again, and the backend finds the order it has sorted.
  expect([...seen]).toEqual([Int32Array.from([2, 5, 0, 3, 4])]);
  expect(sort.mock.instances.filter((array) => String(array) === '1,4,3,0,2')).toHaveLength(1);
  // To check it and to copy it.
  expect(reads).toBe(2);
  await backend.dispose();
});
