import type { DType, HostArray, HostData, UnaryOp } from '@timestep/backend-api';
import { exact, relativeOnly, single, type Accuracy } from '../accuracy.ts';
import { expectThat, type Check } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, collect, gives } from '../side.ts';

interface UnaryCase {
  readonly op: UnaryOp;
  readonly dtype?: DType;
  readonly out?: DType;
  readonly alpha?: number;
  readonly beta?: number;
  /** Random values come from here, 0 is added where `zero`. */
  readonly low: number;
  readonly high: number;
  /** Values that matter for this operation. */
  readonly special?: readonly number[];
  readonly accuracy: Accuracy;
}

const cases: readonly UnaryCase[] = [
  { op: 'negative', low: -9, high: 9, special: [0], accuracy: exact },
  { op: 'absolute', low: -9, high: 9, special: [0], accuracy: exact },
  { op: 'sign', low: -9, high: 9, special: [0, 1e-30, -1e-30], accuracy: exact },
  { op: 'affine', alpha: -2.5, beta: 0.75, low: -9, high: 9, special: [0], accuracy: single },
  { op: 'power', alpha: 2.5, low: 0.01, high: 9, special: [1], accuracy: single },
  { op: 'power', alpha: 3, low: -4, high: 4, special: [-2, -1], accuracy: { ...single, scale: 10 } },
  { op: 'power', alpha: -2, low: -4, high: -0.5, accuracy: single },
  { op: 'power', alpha: 0.5, low: 0.01, high: 9, special: [0], accuracy: single },
  { op: 'power', alpha: 0, low: -4, high: 4, special: [0], accuracy: single },
  { op: 'clamp', alpha: -1.5, beta: 2, low: -9, high: 9, special: [-1.5, 2, 0], accuracy: exact },
  { op: 'exp', low: -10, high: 10, special: [0, -200, -50, 40], accuracy: single },
  { op: 'expm1', low: -3, high: 3, special: [0, 1e-6, -1e-6, 1e-3, -1e-3, -100], accuracy: relativeOnly },
  { op: 'log', low: 0.001, high: 100, special: [1, 1e-30, 1e30], accuracy: single },
  { op: 'log1p', low: -0.9, high: 9, special: [0, 1e-6, -1e-6, 1e-3, 1e20], accuracy: relativeOnly },
  { op: 'sqrt', low: 0, high: 100, special: [0, 1, 1e-20, 1e30], accuracy: relativeOnly },
  { op: 'rsqrt', low: 0.001, high: 100, special: [1, 1e20], accuracy: relativeOnly },
  { op: 'reciprocal', low: 0.01, high: 10, special: [-4, 1e20], accuracy: relativeOnly },
  { op: 'square', low: -9, high: 9, special: [0, 1e15], accuracy: relativeOnly },
  { op: 'sin', low: -6.5, high: 6.5, special: [0, 100, -100], accuracy: single },
  { op: 'cos', low: -6.5, high: 6.5, special: [0, 100, -100], accuracy: single },
  { op: 'tanh', low: -4, high: 4, special: [0, 1e-6, -1e-6, 1e-3, 0.01, 20, -20, 100, -100], accuracy: relativeOnly },
  { op: 'sigmoid', low: -8, high: 8, special: [0, 30, -30, 100, -100, 1000, -1000], accuracy: single },
  { op: 'relu', low: -4, high: 4, special: [0], accuracy: exact },
  { op: 'softplus', low: -8, high: 8, special: [0, 15, 30, 100, 1000, -100, -1000], accuracy: single },
  { op: 'floor', low: -9, high: 9, special: [0, -2, 3, 16777216], accuracy: exact },
  { op: 'ceil', low: -9, high: 9, special: [0, -2, 3, 16777216], accuracy: exact },
  { op: 'isFinite', out: 'u32', low: -9, high: 9, special: [NaN, Infinity, -Infinity, 3e38, 0], accuracy: exact },
  {
    op: 'logicalNot',
    dtype: 'u32',
    out: 'u32',
    low: 0,
    high: 4,
    special: [0, 1, 2147483648, 4294967295],
    accuracy: exact,
  },
  { op: 'negative', dtype: 'i32', low: -99, high: 99, special: [0, 2147483647, -2147483648], accuracy: exact },
  { op: 'absolute', dtype: 'i32', low: -99, high: 99, special: [0, 2147483647, -2147483647], accuracy: exact },
  { op: 'sign', dtype: 'i32', low: -2, high: 2, special: [2147483647, -2147483648], accuracy: exact },
];

function title({ op, dtype, alpha }: UnaryCase): string {
  const exponent = op === 'power' ? `, exponent ${alpha}` : '';
  return `unary ${op}${dtype && dtype !== 'f32' ? ` ${dtype}` : ''}${exponent}`;
}

function dataOf({ dtype = 'f32', low, high, special = [] }: UnaryCase, count: number): HostArray {
  const random = new TestRandom(41);
  if (dtype === 'f32') return Float32Array.of(...special, ...random.floats(count, low, high));
  const values = [...special, ...random.integers(count, low, high)];
  return dtype === 'i32' ? Int32Array.from(values) : Uint32Array.from(values);
}

function check(test: UnaryCase): Check {
  const { op, dtype = 'f32', out = dtype, alpha = 0, beta = 0, accuracy } = test;
  const data = dataOf(test, 300);
  return {
    name: `${title(test)}: random and special values`,
    async run(context) {
      await agree(
        context,
        (side) => {
          const y = side.make(out, data.length);
          side.backend.unary(op, side.put(dtype, data), y, alpha, beta);
          return { y };
        },
        accuracy,
      );
    },
  };
}

/** The results for NaN and infinity by IEEE 754 and the op table. */
const nonFinite: readonly {
  readonly op: UnaryOp;
  readonly input: readonly number[];
  readonly expected: readonly number[];
  readonly alpha?: number;
}[] = [
  { op: 'log', input: [0, -1, Infinity], expected: [-Infinity, NaN, Infinity] },
  { op: 'log1p', input: [-1, -2], expected: [-Infinity, NaN] },
  { op: 'exp', input: [100, 1000, -Infinity, Infinity], expected: [Infinity, Infinity, 0, Infinity] },
  { op: 'sqrt', input: [-1, Infinity], expected: [NaN, Infinity] },
  { op: 'rsqrt', input: [0], expected: [Infinity] },
  { op: 'reciprocal', input: [0, Infinity], expected: [Infinity, 0] },
  { op: 'power', input: [-2], alpha: 0.5, expected: [NaN] },
  { op: 'power', input: [0], alpha: -1, expected: [Infinity] },
  { op: 'tanh', input: [Infinity, -Infinity], expected: [1, -1] },
  { op: 'sigmoid', input: [Infinity, -Infinity], expected: [1, 0] },
  { op: 'softplus', input: [Infinity, -Infinity], expected: [Infinity, 0] },
  { op: 'square', input: [1e30], expected: [Infinity] },
  { op: 'relu', input: [Infinity, -Infinity], expected: [Infinity, 0] },
];

/** Operations through which a NaN must not vanish. */
const keepNaN: readonly UnaryOp[] = [
  'negative',
  'absolute',
  'affine',
  'clamp',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sqrt',
  'rsqrt',
  'reciprocal',
  'square',
  'sin',
  'cos',
  'tanh',
  'sigmoid',
  'relu',
  'softplus',
  'floor',
  'ceil',
];

function apply(op: UnaryOp, input: HostData, alpha = 0, beta = 0) {
  return (side: Parameters<Parameters<typeof agree>[1]>[0]) => {
    const y = side.make('f32', input.length);
    side.backend.unary(op, side.put('f32', input), y, alpha, beta);
    return { y };
  };
}

export const unaryChecks: readonly Check[] = [
  ...cases.map(check),
  {
    name: 'unary: sizes 0, 1, odd and beyond one workgroup',
    async run(context) {
      for (const length of [0, 1, 3, 31, 257, 4099]) {
        await agree(context, apply('affine', new TestRandom(42).floats(length), 3, -1), single, `${length} elements`);
      }
    },
  },
  {
    name: 'unary: the output may be the input',
    async run(context) {
      const data = new TestRandom(43).floats(1001, -3, 3);
      for (const op of ['tanh', 'exp', 'negative'] as const) {
        await agree(
          context,
          (side) => {
            const x = side.put('f32', data);
            side.backend.unary(op, x, x, 0, 0);
            return { x };
          },
          single,
          op,
        );
      }
    },
  },
  {
    name: 'unary: the input is left as it was',
    async run(context) {
      const data = new TestRandom(44).floats(100);
      await gives(
        context,
        (side) => {
          const x = side.put('f32', data);
          side.backend.unary('exp', x, side.make('f32', 100), 0, 0);
          return { x };
        },
        { x: data },
        exact,
      );
    },
  },
  {
    name: 'unary: infinities and NaN come out where the table says',
    async run(context) {
      for (const { op, input, expected, alpha = 0 } of nonFinite) {
        await gives(
          context,
          apply(op, Float32Array.from(input), alpha),
          { y: Float32Array.from(expected) },
          single,
          `${op} of [${input}]`,
        );
      }
    },
  },
  {
    name: 'unary: a NaN stays a NaN',
    ieee: true,
    async run({ backend }) {
      for (const op of keepNaN) {
        const { y } = await collect(backend, apply(op, Float32Array.of(NaN, 0.5, NaN), -1, 1));
        expectThat(
          Number.isNaN(y![0]) && !Number.isNaN(y![1]) && Number.isNaN(y![2]),
          `${op}: expected [NaN, a number, NaN], got [${y}]`,
        );
      }
    },
  },
];
