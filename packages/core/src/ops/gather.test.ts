import { createBroken, type BrokenBackend } from '../../../backend-conformance/src/broken-backends/index.ts';
import { describe, expect, it } from 'vitest';
import { full, tensor } from '../create.ts';
import { openScope } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { crossEntropyRows } from './cross-entropy.ts';
import { gather, gatherRows } from './gather.ts';
import { sum } from './reduce.ts';

/** The operations that read indices from a tensor, by name, each with an index just past the end. */
const operations: Readonly<Record<string, (values: Tensor, index: Tensor) => Tensor>> = {
  gatherRows: (values, index) => gatherRows(values, index),
  gather: (values, index) => gather(values, index, 0),
  'crossEntropyRows, fused': (values, index) => crossEntropyRows(values, first(index), { fused: 'require' }),
  'crossEntropyRows, unfused': (values, index) => crossEntropyRows(values, first(index), { fused: 'off' }),
};

function first(index: Tensor): Tensor {
  return gatherRows(index, tensor(index.backend, new Int32Array(4)));
}

describe('an index out of range', () => {
  it.each(Object.entries(operations))('%s: INVALID_ARGUMENT with a hint, and nothing is left behind', (name, run) => {
    const backend = createReferenceBackend();
    const values = full(backend, [4, 4], 1);
    for (const [wrong, hint] of [
      [4, /out of range; expected 0…3; .*count from 0/],
      [-1, /index -1 .*out of range; expected 0…3/],
    ] as const) {
      const index = tensor(backend, new Int32Array(name.startsWith('cross') ? 1 : 16).fill(wrong), {
        shape: name.startsWith('cross') ? [1] : [4, 4],
      });
      const before = backend.memory().buffers;
      {
        using _scope = openScope(backend);
        expect(() => run(values, index)).toThrow(hint);
      }
      expect(backend.memory().buffers).toBe(before);
    }
  });

  it.each([gatherRows, gather])('%o in the backward pass alone: nothing is left behind', (operation) => {
    const backend = createReferenceBackend();
    const values = full(backend, [4, 4], 1, { requiresGrad: true });
    const index = tensor(backend, new Int32Array(16).fill(1), { shape: [4, 4] });
    const before = backend.memory().buffers;
    {
      using _scope = openScope(backend);
      const y = sum(operation(values, index));
      // Past core, which would notice.
      backend.write(index.buffer, new Int32Array(16).fill(9));
      expect(() => y.backward()).toThrow(/index 9/);
    }
    expect(backend.memory().buffers).toBe(before);
  });
});

it('the ignored index of cross-entropy may be any 32-bit number, negative or a class', async () => {
  const backend = createReferenceBackend();
  const logits = full(backend, [2, 3], 0);
  for (const ignoreIndex of [-1, 2, 2 ** 31 - 1, -(2 ** 31)]) {
    const targets = tensor(backend, [ignoreIndex, 1], { dtype: 'i32' });
    const losses = await crossEntropyRows(logits, targets, { ignoreIndex }).data();
    expect(losses[0]).toBe(0);
    expect(losses[1]).toBeCloseTo(Math.log(3), 6);
  }
  for (const ignoreIndex of [2 ** 31, 0.5, NaN, '0'] as number[])
    expect(() => crossEntropyRows(logits, tensor(backend, [0, 1], { dtype: 'i32' }), { ignoreIndex })).toThrow(
      /ignoreIndex to be a whole number/,
    );
});

it('a device that tells late: the result is 0, and the next data() rejects once', async () => {
  // A backend whose operations throw nothing by themselves, as those of a GPU.
  const late: BrokenBackend = {
    fault: 'none: it is late',
    caughtBy: '',
    breakIt: ({ gatherRows: rows, read }) => {
      let waiting: Error | null = null;
      return {
        gatherRows(...call) {
          try {
            rows(...call);
          } catch (error) {
            waiting ??= error as Error;
          }
        },
        async read(buffer) {
          const error = waiting;
          waiting = null;
          if (error) throw error;
          return read(buffer);
        },
      };
    },
  };
  const backend = createBroken(late);
  const y = gatherRows(tensor(backend, [[1], [2]]), tensor(backend, [1, 2, 0], { dtype: 'i32' }));
  await expect(y.data()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect([...(await y.data())]).toEqual([2, 0, 1]);
});
