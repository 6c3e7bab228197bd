import { binaryOps, reduceOps, unaryOps, type BinaryOp, type ReduceOp, type UnaryOp } from '@timestep/backend-api';
import { single, type Accuracy } from '../../accuracy.ts';
import type { Check } from '../../check.ts';
import { agree } from '../../side.ts';
import { TestRandom } from '../../random.ts';
import { agreeAtExtremes, extremes } from './values.ts';

/** One function of float32 in several steps, which an exponent of 88 multiplies the roundings of: e^x, xʸ. */
const relative: Accuracy = { relative: 3e-5, absolute: 0 };

/** The two scalars of the ops that have any. */
const scalars: Partial<Record<UnaryOp, readonly (readonly [alpha: number, beta: number])[]>> = {
  affine: [
    [-2.5, 0.75],
    [1, 0],
    [0, 1],
  ],
  power: [-2, -1, 0, 0.5, 1, 2, 2.5, 3].map((exponent) => [exponent, 0]),
  clamp: [
    [-1.5, 2],
    [-Infinity, Infinity],
  ],
};

/**
 * Ops without a digit left in float32 for an argument beyond some 10⁵: the nearest neighbours are many periods apart.
 */
const periodic: readonly UnaryOp[] = ['sin', 'cos'];

/** There backend-webgpu's power, e^(y ln x), ends 0.2 % below the largest number. */
const nearOverflow = (x: number): boolean => Math.abs(x) > 3e38 && Math.abs(x) < Infinity;

const unaryChecks = (Object.keys(unaryOps) as UnaryOp[])
  .filter((op) => (unaryOps[op].in as readonly string[]).includes('f32'))
  .map((op): Check => ({
    name: `extremes: unary ${op}`,
    ieee: true,
    async run(context) {
      const values = extremes.filter((x) => !periodic.includes(op) || !(Math.abs(x) > 1e5 && Math.abs(x) < Infinity));
      for (const [alpha, beta] of scalars[op] ?? [[0, 0]]) {
        // (−∞)^½ is +∞ for C's pow and NaN for PyTorch, which takes the root.
        const usual = values.filter((x) => op !== 'power' || (!nearOverflow(x) && (alpha !== 0.5 || x !== -Infinity)));
        const input = Float64Array.from(usual, Math.fround);
        await agreeAtExtremes(
          context,
          [input],
          (side, [x]) => {
            const y = side.make(unaryOps[op].out === 'same' ? 'f32' : unaryOps[op].out, x!.length);
            side.backend.unary(op, side.put('f32', x!), y, alpha, beta);
            return { y };
          },
          relative,
          scalars[op] ? `${op} by ${alpha} and ${beta} of ` : op,
        );
      }
    },
  }));

/** Every pair of extreme values. */
const pairs = extremes.flatMap((a) => extremes.map((b) => [a, b] as const));
const [left, right] = [0, 1].map((k) => Float64Array.from(pairs, (pair) => Math.fround(pair[k]!)));

const usualPowers = pairs.filter(([a]) => !nearOverflow(a));
const powers = [0, 1].map((k) => Float64Array.from(usualPowers, (pair) => Math.fround(pair[k]!)));

const binaryChecks = (Object.keys(binaryOps) as BinaryOp[])
  .filter((op) => (binaryOps[op].in as readonly string[]).includes('f32'))
  .map((op): Check => ({
    name: `extremes: binary ${op}`,
    ieee: true,
    run: (context) =>
      agreeAtExtremes(
        context,
        op === 'power' ? powers : [left!, right!],
        (side, [a, b]) => {
          const y = side.make(binaryOps[op].out === 'same' ? 'f32' : binaryOps[op].out, a!.length);
          const operand = (data: Float64Array) => ({ buffer: side.put('f32', data), strides: [1] });
          side.backend.binary(op, operand(a!), operand(b!), y, [a!.length]);
          return { y };
        },
        relative,
        op,
      ),
  }));

const reduceChecks = (Object.keys(reduceOps) as ReduceOp[]).map((op): Check => ({
  name: `extremes: reduce ${op}`,
  ieee: true,
  run: (context) =>
    agreeAtExtremes(
      context,
      [left!, right!],
      (side, [a, b]) => {
        const y = side.make('f32', a!.length);
        const rows = Float64Array.from({ length: 2 * a!.length }, (_, k) => (k % 2 === 0 ? a! : b!)[k >> 1]!);
        side.backend.reduce(op, side.put('f32', rows), y, { outer: a!.length, length: 2, inner: 1 });
        return { y };
      },
      relative,
      op,
    ),
}));

/** An odd size, so that what a kernel pads its tiles with meets the extreme value too. */
const [m, k, n] = [3, 5, 7];

const matmulCheck: Check = {
  name: 'extremes: matmul with one in either operand',
  ieee: true,
  async run(context) {
    for (const value of extremes) {
      for (const where of ['a', 'b'] as const) {
        const random = new TestRandom(151);
        const data = { a: random.floats(m * k), b: random.floats(k * n) };
        data[where][6] = value;
        await agree(
          context,
          (side) => {
            const out = side.make('f32', m * n);
            side.backend.matmul(side.put('f32', data.a), side.put('f32', data.b), out, {
              ...{ m, n, k, batch: 1, aStride: 0, bStride: 0 },
              ...{ transposeA: false, transposeB: false, accumulate: false },
            });
            return { out };
          },
          { ...single, scale: 'largest' },
          `${value} in ${where}`,
        );
      }
    }
  },
};

/** Every operation of the tables, on values at the edges of float32: a new one is checked by being in its table. */
export const primitiveExtremeChecks: readonly Check[] = [...unaryChecks, ...binaryChecks, ...reduceChecks, matmulCheck];
