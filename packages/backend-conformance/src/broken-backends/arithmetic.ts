import type { BrokenBackend } from './broken-backend.ts';

/** Faults of reductions, products and random numbers. */
export const brokenArithmetic: readonly BrokenBackend[] = [
  {
    fault: 'max starts from 0',
    caughtBy: 'reduce: max and min below and above 0',
    breakIt: ({ reduce }, heap) => ({
      reduce(op, input, out, spec) {
        reduce(op, input, out, spec);
        if (op === 'max') heap.values('broken', out).forEach((value, n, all) => (all[n] = Math.max(value, 0)));
      },
    }),
  },
  {
    fault: 'sum leaks its scratch buffer',
    caughtBy: 'reduce sum f32: outer, inner and whole axes, of length 0 too',
    breakIt: ({ reduce }, heap) => ({
      reduce(op, input, out, spec) {
        if (op === 'sum') heap.alloc('f32', 1);
        reduce(op, input, out, spec);
      },
    }),
  },
  {
    fault: 'argmax takes the last of equals',
    caughtBy: 'argmax: the first of equals',
    breakIt: (_, heap) => ({
      argmax(input, out, { outer, length, inner }) {
        const values = heap.floats('broken', input);
        const target = heap.integers('broken', out);
        for (let o = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++) {
            const column = Array.from({ length }, (_, l) => values[(o * length + l) * inner + i]!);
            target[o * inner + i] = column.lastIndexOf(Math.max(...column));
          }
        }
      },
    }),
  },
  {
    fault: 'argmax passes over NaN',
    caughtBy: 'argmax: the first NaN counts as the largest, −∞ everywhere gives 0',
    breakIt: ({ argmax }, heap) => ({
      argmax(input, out, spec) {
        const values = heap.floats('broken', input);
        const kept = values.slice();
        values.forEach((value, n) => (values[n] = Number.isNaN(value) ? -Infinity : value));
        argmax(input, out, spec);
        values.set(kept);
      },
    }),
  },
  {
    fault: 'matmul ignores transposeB',
    caughtBy: 'matmul a·bᵀ: sizes 1, odd and beyond a tile',
    breakIt: ({ matmul }) => ({ matmul: (a, b, out, spec) => matmul(a, b, out, { ...spec, transposeB: false }) }),
  },
  {
    fault: 'matmul ignores transposeA',
    caughtBy: 'matmul aᵀ·b: sizes 1, odd and beyond a tile',
    breakIt: ({ matmul }) => ({ matmul: (a, b, out, spec) => matmul(a, b, out, { ...spec, transposeA: false }) }),
  },
  {
    fault: 'matmul ignores accumulate',
    caughtBy: 'matmul a·b: accumulate adds to the output',
    breakIt: ({ matmul }) => ({ matmul: (a, b, out, spec) => matmul(a, b, out, { ...spec, accumulate: false }) }),
  },
  {
    fault: 'matmul takes the batch as packed',
    caughtBy: 'matmul batch: gaps between the matrices',
    breakIt: ({ matmul }) => ({
      matmul(a, b, out, spec) {
        const packed = spec.aStride > 0 ? spec.m * spec.k : 0;
        matmul(a, b, out, { ...spec, aStride: packed });
      },
    }),
  },
  {
    fault: 'matmul returns early where k is 0',
    caughtBy: 'matmul: k = 0 is zeros, or what the output held; m = 0 and n = 0 do nothing',
    breakIt: ({ matmul }) => ({ matmul: (a, b, out, spec) => (spec.k === 0 ? undefined : matmul(a, b, out, spec)) }),
  },
  {
    fault: 'random words come in the wrong order',
    caughtBy: 'randomBits: the known answers of Threefry-2x32 with 20 rounds',
    breakIt: ({ randomBits }, heap) => ({
      randomBits(out, key, counter) {
        randomBits(out, key, counter);
        const words = heap.words('broken', out);
        for (let n = 0; n + 1 < words.length; n += 2) words.subarray(n, n + 2).reverse();
      },
    }),
  },
  {
    fault: 'the counter of the random words has no high word',
    caughtBy: 'randomBits: the counter carries from its low into its high word',
    breakIt: ({ randomBits }) => ({ randomBits: (out, key, counter) => randomBits(out, key, counter % 2 ** 32) }),
  },
];
