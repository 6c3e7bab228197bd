import type { DType, HostArray, ReduceOp, ReduceSpec } from '@timestep/backend-api';
import { exact, summed } from '../accuracy.ts';
import { type Check } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, collect, gives, type Side } from '../side.ts';
import { randomData } from './copy.ts';

const specs: readonly ReduceSpec[] = [
  { outer: 1, length: 1, inner: 1 },
  { outer: 1, length: 1000, inner: 1 },
  { outer: 7, length: 5, inner: 3 },
  { outer: 3, length: 257, inner: 1 },
  { outer: 1, length: 130, inner: 65 },
  { outer: 33, length: 2, inner: 17 },
  { outer: 5, length: 1, inner: 4 },
  { outer: 0, length: 3, inner: 2 },
  { outer: 2, length: 3, inner: 0 },
  { outer: 3, length: 0, inner: 2 },
];

const ops: readonly ReduceOp[] = ['sum', 'max', 'min'];
const dtypes: readonly DType[] = ['f32', 'i32', 'u32'];

function apply(op: ReduceOp, dtype: DType, data: HostArray, spec: ReduceSpec) {
  return (side: Side) => {
    const out = side.make(dtype, spec.outer * spec.inner);
    side.backend.reduce(op, side.put(dtype, data), out, spec);
    return { out };
  };
}

function applyArgmax(data: HostArray, spec: ReduceSpec) {
  return (side: Side) => {
    const out = side.make('i32', spec.outer * spec.inner);
    side.backend.argmax(side.put('f32', data), out, spec);
    return { out };
  };
}

export const reduceChecks: readonly Check[] = [
  ...ops.flatMap((op) =>
    dtypes.map((dtype): Check => ({
      name: `reduce ${op} ${dtype}: outer, inner and whole axes, of length 0 too`,
      async run(context) {
        const random = new TestRandom(71);
        for (const spec of specs) {
          const data = randomData(random, dtype, spec.outer * spec.length * spec.inner);
          const magnitudes = await collect(context.reference, apply(op, dtype, data.map(Math.abs), spec));
          const accuracy = op === 'sum' && dtype === 'f32' ? summed(spec.length, magnitudes['out']!) : exact;
          await agree(context, apply(op, dtype, data, spec), accuracy, JSON.stringify(spec));
        }
      },
    })),
  ),
  {
    name: 'reduce sum: a long axis of 300,001 elements',
    async run(context) {
      const data = new TestRandom(72).floats(300_001, 0, 1);
      const spec = { outer: 1, length: data.length, inner: 1 };
      await agree(context, apply('sum', 'f32', data, spec), summed(data.length, [data.length / 2]));
    },
  },
  {
    name: 'reduce: max and min below and above 0',
    async run(context) {
      const spec = { outer: 2, length: 3, inner: 1 };
      const data = Float32Array.of(-3, -1, -2, 5, 4, 6);
      await gives(context, apply('max', 'f32', data, spec), { out: Float32Array.of(-1, 6) }, exact, 'max');
      await gives(context, apply('min', 'f32', data, spec), { out: Float32Array.of(-3, 4) }, exact, 'min');
    },
  },
  {
    name: 'reduce: a NaN makes its own max, min and sum NaN, and no other',
    async run(context) {
      const data = Float32Array.of(1, NaN, 2, 3, 4, 5, NaN, 6, 7, 8, 9, NaN);
      const spec = { outer: 4, length: 3, inner: 1 };
      for (const op of ops) await agree(context, apply(op, 'f32', data, spec), exact, op);
    },
  },
  {
    name: 'argmax: random values along outer, inner and whole axes',
    async run(context) {
      const random = new TestRandom(73);
      for (const spec of specs.filter(({ length }) => length > 0)) {
        await agree(
          context,
          applyArgmax(random.floats(spec.outer * spec.length * spec.inner, -9, 9), spec),
          exact,
          JSON.stringify(spec),
        );
      }
    },
  },
  {
    name: 'argmax: the first of equals',
    async run(context) {
      const random = new TestRandom(74);
      for (const spec of [
        { outer: 40, length: 7, inner: 1 },
        { outer: 3, length: 700, inner: 1 },
        { outer: 2, length: 9, inner: 20 },
      ]) {
        const data = Float32Array.from(random.integers(spec.outer * spec.length * spec.inner, 0, 2));
        await agree(context, applyArgmax(data, spec), exact, JSON.stringify(spec));
      }
    },
  },
  {
    name: 'argmax: the first NaN counts as the largest, −∞ everywhere gives 0',
    ieee: true,
    async run(context) {
      const data = Float32Array.of(
        1,
        NaN,
        9,
        5,
        6,
        NaN,
        NaN,
        NaN,
        3,
        -Infinity,
        -Infinity,
        -Infinity,
        2,
        Infinity,
        NaN,
      );
      await gives(
        context,
        applyArgmax(data, { outer: 5, length: 3, inner: 1 }),
        { out: Int32Array.of(1, 2, 0, 0, 2) },
        exact,
      );
    },
  },
];
