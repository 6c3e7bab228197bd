import type { StridedOperand } from '@timestep/backend-api';
import { addresses } from '../reference/strided.ts';
import type { BrokenBackend } from './broken-backend.ts';

const { fround } = Math;

function upright(operand: StridedOperand): StridedOperand {
  return { buffer: operand.buffer, strides: operand.strides.map(Math.abs), offset: 0 };
}

/** Faults of the operations that move data. */
export const brokenMovement: readonly BrokenBackend[] = [
  {
    fault: 'copy ignores the offset',
    caughtBy: 'copy: slice with a step',
    breakIt: ({ copy }) => ({ copy: (input, out, shape) => copy({ ...input, offset: 0 }, out, shape) }),
  },
  {
    fault: 'copy clears the rest of its output',
    caughtBy: 'copy: elements that no index meets keep what a fill put there',
    breakIt: ({ copy }, heap) => ({
      copy(input, out, shape) {
        heap.values('broken', out.buffer).fill(0);
        copy(input, out, shape);
      },
    }),
  },
  {
    fault: 'cast rounds instead of truncating',
    caughtBy: 'cast: f32 to i32',
    breakIt: ({ cast }, heap) => ({
      cast(input, out) {
        if (input.dtype === 'f32' && out.dtype === 'i32') heap.integers('broken', out).set(heap.floats('broken', input).map(Math.round));
        else cast(input, out);
      },
    }),
  },
  {
    fault: 'gatherAxis takes the index of the first column for all',
    caughtBy: 'gatherAxis: along the middle axis, every dtype',
    breakIt: ({ gatherAxis }, heap) => ({
      gatherAxis(input, index, out, spec) {
        const places = heap.integers('broken', index);
        const kept = places.slice();
        places.forEach((_, n) => (places[n] = kept[n - (n % Math.max(1, spec.inner))]!));
        gatherAxis(input, index, out, spec);
        places.set(kept);
      },
    }),
  },
  {
    fault: 'scatterAddRows overwrites',
    caughtBy: 'scatterAddRows: adds to what is there, repeated rows add up',
    breakIt: (_, heap) => ({
      scatterAddRows(values, index, out, columns) {
        const [source, target] = [heap.floats('broken', values), heap.floats('broken', out)];
        heap.integers('broken', index).forEach((row, n) => {
          target.set(source.subarray(n * columns, (n + 1) * columns), row * columns);
        });
      },
    }),
  },
  {
    fault: 'scatterAddRows adds in an order that varies',
    caughtBy: 'scatterAdd: many collisions give the right sum and the same bits in every run',
    breakIt: ({ scatterAddRows }, heap) => {
      let run = 0;
      return {
        scatterAddRows(values, index, out, columns) {
          run += 1;
          const [rows, source] = [heap.integers('broken', index), heap.floats('broken', values)];
          const [keptRows, keptSource] = [rows.slice(), source.slice()];
          // Each run starts somewhere else, as threads that race do.
          keptRows.forEach((row, n) => {
            const to = (n + 7 * run) % keptRows.length;
            rows[to] = row;
            source.set(keptSource.subarray(n * columns, (n + 1) * columns), to * columns);
          });
          scatterAddRows(values, index, out, columns);
          rows.set(keptRows);
          source.set(keptSource);
        },
      };
    },
  },
];

/** Faults of elementwise operations. */
export const brokenElementwise: readonly BrokenBackend[] = [
  {
    fault: 'tanh from a quotient that cancels near 0',
    caughtBy: 'unary tanh: random and special values',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        if (op !== 'tanh') return unary(op, input, out, alpha, beta);
        heap.floats('broken', out).set(heap.floats('broken', input).map((x) => 1 - fround(2 / fround(1 + fround(Math.exp(2 * x))))));
      },
    }),
  },
  {
    fault: 'softplus overflows',
    caughtBy: 'unary softplus: random and special values',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        if (op !== 'softplus') return unary(op, input, out, alpha, beta);
        heap.floats('broken', out).set(heap.floats('broken', input).map((x) => Math.log(1 + fround(Math.exp(x)))));
      },
    }),
  },
  {
    fault: 'relu turns NaN into 0',
    caughtBy: 'unary: a NaN stays a NaN',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        if (op !== 'relu') return unary(op, input, out, alpha, beta);
        heap.floats('broken', out).set(heap.floats('broken', input).map((x) => (x > 0 ? x : 0)));
      },
    }),
  },
  {
    fault: 'isFinite takes NaN for finite',
    caughtBy: 'unary isFinite: random and special values',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        if (op !== 'isFinite') return unary(op, input, out, alpha, beta);
        const values = heap.floats('broken', input);
        heap.words('broken', out).set(Array.from(values, (x) => (Math.abs(x) === Infinity ? 0 : 1)));
      },
    }),
  },
  {
    fault: 'invocations beyond 65,535 workgroups of 256 are lost',
    caughtBy: 'large: unary on 16777219 elements',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        unary(op, input, out, alpha, beta);
        heap.values('broken', out).fill(0, 65_535 * 256);
      },
    }),
  },
  {
    fault: 'binary reads a flipped operand forwards',
    caughtBy: 'binary: broadcast strides, ranks 0 to 6, flipped and permuted operands',
    breakIt: ({ binary }) => ({ binary: (op, a, b, out, shape) => binary(op, upright(a), upright(b), out, shape) }),
  },
  {
    fault: 'binary repeats a broadcast operand by position instead of by its strides',
    caughtBy: 'binary: a row, a column and a scalar against a matrix',
    breakIt: ({ binary }, heap) => ({
      binary(op, a, b, out, shape) {
        if (!b.strides.includes(0) || b.buffer.length === 0) return binary(op, a, b, out, shape);
        const source = heap.values('broken', b.buffer);
        const at = addresses('broken', b, shape);
        const kept = source.slice();
        const repeated = heap.alloc(b.buffer.dtype, at.length);
        heap.values('broken', repeated).set(Array.from(at, (_, n) => kept[n % kept.length]!));
        const strides = shape.map((_, k) => shape.slice(k + 1).reduce((product, size) => product * size, 1));
        binary(op, a, { buffer: repeated, strides }, out, shape);
        heap.free(repeated);
      },
    }),
  },
  {
    fault: 'integer division by 0 is not 0',
    caughtBy: 'binary i32: integers wrap, divide towards 0, and give 0 over 0',
    breakIt: ({ binary }, heap) => ({
      binary(op, a, b, out, shape) {
        binary(op, a, b, out, shape);
        if (op !== 'divide' || out.dtype !== 'i32') return;
        const divisors = heap.integers('broken', b.buffer);
        const at = addresses('broken', b, shape);
        heap.integers('broken', out).forEach((value, n, all) => (all[n] = divisors[at[n]!] === 0 ? -1 : value));
      },
    }),
  },
  {
    fault: 'u32 is compared as if it had a sign',
    caughtBy: 'binary less u32: random operands of sizes 0, 1 and odd',
    breakIt: ({ binary }, heap) => ({
      binary(op, a, b, out, shape) {
        binary(op, a, b, out, shape);
        if (op !== 'less' || a.buffer.dtype !== 'u32') return;
        const [left, right] = [heap.words('broken', a.buffer), heap.words('broken', b.buffer)];
        const [leftAt, rightAt] = [addresses('broken', a, shape), addresses('broken', b, shape)];
        heap.words('broken', out).forEach((_, n, all) => (all[n] = (left[leftAt[n]!]! | 0) < (right[rightAt[n]!]! | 0) ? 1 : 0));
      },
    }),
  },
  {
    fault: 'select multiplies by its mask, and NaN·0 is NaN',
    caughtBy: 'select: the value not chosen is never computed with, NaN and infinities stay behind the mask',
    breakIt: ({ select }, heap) => ({
      select(condition, a, b, out, shape) {
        if (out.dtype !== 'f32') return select(condition, a, b, out, shape);
        const mask = heap.words('broken', condition.buffer);
        const [left, right] = [heap.floats('broken', a.buffer), heap.floats('broken', b.buffer)];
        const [maskAt, leftAt, rightAt] = [condition, a, b].map((operand) => addresses('broken', operand, shape));
        heap.floats('broken', out).forEach((_, n, all) => {
          const chosen = mask[maskAt![n]!] === 0 ? 0 : 1;
          all[n] = chosen * left[leftAt![n]!]! + (1 - chosen) * right[rightAt![n]!]!;
        });
      },
    }),
  },
];

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
