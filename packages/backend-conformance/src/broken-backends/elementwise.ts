import type { StridedOperand } from '@timestep/backend-api';
import { addresses } from '../reference/strided.ts';
import type { BrokenBackend } from './broken-backend.ts';

const { fround } = Math;

function upright(operand: StridedOperand): StridedOperand {
  return { buffer: operand.buffer, strides: operand.strides.map(Math.abs), offset: 0 };
}

/** Faults of elementwise operations. */
export const brokenElementwise: readonly BrokenBackend[] = [
  {
    fault: 'tanh from a quotient that cancels near 0',
    caughtBy: 'unary tanh: random and special values',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        if (op !== 'tanh') {
          unary(op, input, out, alpha, beta);
          return;
        }
        heap
          .floats('broken', out)
          .set(heap.floats('broken', input).map((x) => 1 - fround(2 / fround(1 + fround(Math.exp(2 * x))))));
      },
    }),
  },
  {
    fault: 'softplus overflows',
    caughtBy: 'unary softplus: random and special values',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        if (op !== 'softplus') {
          unary(op, input, out, alpha, beta);
          return;
        }
        heap.floats('broken', out).set(heap.floats('broken', input).map((x) => Math.log(1 + fround(Math.exp(x)))));
      },
    }),
  },
  {
    fault: 'relu turns NaN into 0',
    caughtBy: 'unary: a NaN stays a NaN',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        if (op !== 'relu') {
          unary(op, input, out, alpha, beta);
          return;
        }
        heap.floats('broken', out).set(heap.floats('broken', input).map((x) => (x > 0 ? x : 0)));
      },
    }),
  },
  {
    fault: 'isFinite takes NaN for finite',
    caughtBy: 'unary isFinite: random and special values',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        if (op !== 'isFinite') {
          unary(op, input, out, alpha, beta);
          return;
        }
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
        if (!b.strides.includes(0) || b.buffer.length === 0) {
          binary(op, a, b, out, shape);
          return;
        }
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
        heap
          .words('broken', out)
          .forEach((_, n, all) => (all[n] = (left[leftAt[n]!]! | 0) < (right[rightAt[n]!]! | 0) ? 1 : 0));
      },
    }),
  },
  {
    fault: 'select multiplies by its mask, and NaN·0 is NaN',
    caughtBy: 'select: the value not chosen is never computed with, NaN and infinities stay behind the mask',
    breakIt: ({ select }, heap) => ({
      select(condition, a, b, out, shape) {
        if (out.dtype !== 'f32') {
          select(condition, a, b, out, shape);
          return;
        }
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
  {
    fault: 'the sigmoid stays above 0 at −∞',
    caughtBy: 'extremes: unary sigmoid',
    breakIt: ({ unary }, heap) => ({
      unary(op, input, out, alpha, beta) {
        unary(op, input, out, alpha, beta);
        if (op === 'sigmoid')
          heap.floats('broken', out).forEach((y, at, all) => (all[at] = y === 0 ? Math.exp(-80) : y));
      },
    }),
  },
  {
    fault: 'an infinite quotient is the largest number',
    caughtBy: 'extremes: binary divide',
    breakIt: ({ binary }, heap) => ({
      binary(op, a, b, out, shape) {
        binary(op, a, b, out, shape);
        if (op !== 'divide' || out.dtype !== 'f32') return;
        const largest = fround(3.4028234e38);
        heap.floats('broken', out).forEach((y, at, all) => (all[at] = Math.min(Math.max(y, -largest), largest)));
      },
    }),
  },
];
