import type { BinaryOp, DType, HostArray } from '@timestep/backend-api';
import { binaryOps } from '@timestep/backend-api';
import { exact, single } from '../accuracy.ts';
import { type Check } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, gives } from '../side.ts';
import { contiguous, randomData, randomView, shapes } from './copy.ts';

const table = Object.entries(binaryOps).flatMap(([op, rule]) =>
  (rule.in as readonly DType[]).map((dtype) => ({
    op: op as BinaryOp,
    dtype,
    out: rule.out === 'same' ? dtype : (rule.out as DType),
  })),
);

/** Integers at the ends of their range, each against each. */
const corners: Readonly<Record<'i32' | 'u32', readonly number[]>> = {
  i32: [-2147483648, -2147483647, -7, -2, -1, 0, 1, 2, 3, 7, 65536, 2147483647],
  u32: [0, 1, 2, 3, 7, 65535, 65536, 2147483647, 2147483648, 4294967294, 4294967295],
};

function pairsOf(values: readonly number[]): { a: number[]; b: number[] } {
  return { a: values.flatMap((a) => values.map(() => a)), b: values.flatMap(() => [...values]) };
}

/** Random operands, with ties so that the comparisons see equals, and positive for a power. */
function operands(op: BinaryOp, dtype: DType, count: number): { a: HostArray; b: HostArray } {
  const random = new TestRandom(51);
  if (dtype !== 'f32') return { a: randomData(random, dtype, count), b: randomData(random, dtype, count) };
  const a = op === 'power' ? random.floats(count, 0.1, 5) : random.floats(count, -9, 9);
  const b =
    op === 'power'
      ? random.floats(count, -3, 3)
      : random.floats(count, 0.2, 9).map((x) => (random.integer(0, 1) ? x : -x));
  for (let n = 0; n < count && op !== 'power'; n += 5) b[n] = a[n]!;
  return { a, b };
}

function apply(
  op: BinaryOp,
  dtype: DType,
  out: DType,
  a: HostArray | readonly number[],
  b: HostArray | readonly number[],
) {
  return (side: Parameters<Parameters<typeof agree>[1]>[0]) => {
    const result = side.make(out, a.length);
    const [left, right] = [side.put(dtype, a), side.put(dtype, b)];
    side.backend.binary(op, { buffer: left, strides: [1] }, { buffer: right, strides: [1] }, result, [a.length]);
    return { result };
  };
}

/** NaN and infinities among themselves: pairs, and what each operation makes of them. */
const strange = { a: [NaN, NaN, 1, Infinity, -Infinity, Infinity], b: [NaN, 1, NaN, Infinity, Infinity, 2] };
const strangeResults: Partial<Record<BinaryOp, readonly number[]>> = {
  equal: [0, 0, 0, 1, 0, 0],
  notEqual: [1, 1, 1, 0, 1, 1],
  less: [0, 0, 0, 0, 1, 0],
  lessEqual: [0, 0, 0, 1, 1, 0],
  greater: [0, 0, 0, 0, 0, 1],
  greaterEqual: [0, 0, 0, 1, 0, 1],
};

export const binaryChecks: readonly Check[] = [
  ...table.map(({ op, dtype, out }): Check => ({
    name: `binary ${op} ${dtype}: random operands of sizes 0, 1 and odd`,
    async run(context) {
      for (const count of [0, 1, 259]) {
        const { a, b } = operands(op, dtype, count);
        await agree(
          context,
          apply(op, dtype, out, a, b),
          dtype === 'f32' && out === 'f32' ? single : exact,
          `${count} elements`,
        );
      }
    },
  })),
  ...(['i32', 'u32'] as const).map((dtype): Check => ({
    name: `binary ${dtype}: integers wrap, divide towards 0, and give 0 over 0`,
    async run(context) {
      const { a, b } = pairsOf(corners[dtype]);
      for (const { op, out } of table.filter((row) => row.dtype === dtype)) {
        await agree(context, apply(op, dtype, out, a, b), exact, op);
      }
    },
  })),
  {
    name: 'binary: broadcast strides, ranks 0 to 6, flipped and permuted operands',
    async run(context) {
      const random = new TestRandom(52);
      for (const shape of shapes) {
        const views = [randomView(random, shape, true), randomView(random, shape, true)] as const;
        const data = views.map(({ length }) => random.floats(length, -9, 9));
        await agree(
          context,
          (side) => {
            const out = side.make(
              'f32',
              shape.reduce((product, size) => product * size, 1),
            );
            const [a, b] = views.map((view, k) => ({ ...view, buffer: side.put('f32', data[k]!) }));
            side.backend.binary('subtract', a!, b!, out, shape);
            return { out };
          },
          single,
          `shape [${shape}], strides [${views[0].strides}] and [${views[1].strides}]`,
        );
      }
    },
  },
  {
    name: 'binary: a row, a column and a scalar against a matrix',
    async run(context) {
      const random = new TestRandom(53);
      const shape = [37, 13];
      const matrix = random.floats(37 * 13);
      for (const [name, strides, length] of [
        ['row', [0, 1], 13],
        ['column', [1, 0], 37],
        ['scalar', [0, 0], 1],
      ] as const) {
        const small = random.floats(length);
        for (const flipped of [false, true]) {
          await agree(
            context,
            (side) => {
              const out = side.make('f32', matrix.length);
              const big = { buffer: side.put('f32', matrix), strides: contiguous(shape) };
              const other = { buffer: side.put('f32', small), strides };
              side.backend.binary('subtract', flipped ? other : big, flipped ? big : other, out, shape);
              return { out };
            },
            single,
            `${name}, ${flipped ? 'left' : 'right'}`,
          );
        }
      }
    },
  },
  {
    name: 'binary: the output may be an operand of the same layout, and both operands one buffer',
    async run(context) {
      const random = new TestRandom(54);
      const [x, y] = [random.floats(777), random.floats(777)];
      await agree(
        context,
        (side) => {
          const { backend } = side;
          const [left, right, both] = [side.put('f32', x), side.put('f32', y), side.put('f32', x)];
          const whole = (buffer: typeof left) => ({ buffer, strides: [1] });
          backend.binary('subtract', whole(left), whole(right), left, [777]);
          backend.binary('multiply', whole(left), whole(right), right, [777]);
          backend.binary('add', whole(both), whole(both), both, [777]);
          return { left, right, both };
        },
        single,
      );
    },
  },
  {
    name: 'binary power: 0, negative bases and integer exponents',
    async run(context) {
      await gives(
        context,
        apply('power', 'f32', 'f32', [0, 0, -2, -2, 9, 5], [2, 0, 3, 2, 0.5, 0]),
        { result: Float32Array.of(0, 1, -8, 4, 3, 1) },
        single,
      );
    },
  },
  {
    name: 'binary: dividing by 0 gives infinities and NaN',
    async run(context) {
      await gives(
        context,
        apply('divide', 'f32', 'f32', [1, -1, 0], [0, 0, 0]),
        { result: Float32Array.of(Infinity, -Infinity, NaN) },
        exact,
      );
    },
  },
  {
    name: 'binary: comparisons, maximum and minimum with NaN and infinities',
    ieee: true,
    async run(context) {
      const [a, b] = [Float32Array.from(strange.a), Float32Array.from(strange.b)];
      for (const [op, expected] of Object.entries(strangeResults)) {
        await gives(
          context,
          apply(op as BinaryOp, 'f32', 'u32', a, b),
          { result: Uint32Array.from(expected) },
          exact,
          op,
        );
      }
      const larger = Float32Array.of(NaN, NaN, NaN, Infinity, Infinity, Infinity);
      const smaller = Float32Array.of(NaN, NaN, NaN, Infinity, -Infinity, 2);
      await gives(context, apply('maximum', 'f32', 'f32', a, b), { result: larger }, exact, 'maximum');
      await gives(context, apply('minimum', 'f32', 'f32', a, b), { result: smaller }, exact, 'minimum');
    },
  },
];
