import type { AxisSpec, DType } from '@timestep/backend-api';
import { exact, summed } from '../accuracy.ts';
import { expectThat, type Check } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, collect, type Results, type Side } from '../side.ts';
import { randomData } from './copy.ts';

const dtypes: readonly DType[] = ['f32', 'i32', 'u32'];

const tables = [
  { rows: 5, columns: 3, count: 8 },
  { rows: 1, columns: 1, count: 1 },
  { rows: 7, columns: 65, count: 3 },
  { rows: 4, columns: 5, count: 0 },
  { rows: 4, columns: 0, count: 3 },
] as const;

const axes: readonly AxisSpec[] = [
  { outer: 2, length: 5, inner: 3, count: 4 },
  { outer: 1, length: 1, inner: 1, count: 1 },
  { outer: 3, length: 2, inner: 1, count: 7 },
  { outer: 1, length: 6, inner: 33, count: 2 },
  { outer: 2, length: 3, inner: 4, count: 0 },
  { outer: 0, length: 3, inner: 4, count: 2 },
];

/** Many values of very different sizes into few rows: any change of the order of the sum changes its last bits. */
function collisions(side: Side, of: (x: number) => number = (x) => x): Results {
  const random = new TestRandom(33);
  const [count, columns, rows] = [2000, 3, 5];
  const values = side.put(
    'f32',
    random.floats(count * columns).map((x) => of(x * 2 ** random.integer(-12, 12))),
  );
  const byRow = side.put('f32', new Float32Array(rows * columns));
  side.backend.scatterAddRows(values, side.put('i32', random.integers(count, 0, rows - 1)), byRow, columns);
  const byAxis = side.put('f32', new Float32Array(rows * columns));
  const index = side.put('i32', random.integers(count * columns, 0, rows - 1));
  side.backend.scatterAddAxis(values, index, byAxis, { outer: 1, length: rows, inner: columns, count });
  return { byRow, byAxis };
}

export const gatherChecks: readonly Check[] = [
  {
    name: 'gatherRows: rows of every dtype, repeated, and sizes 0 and 1',
    async run(context) {
      const random = new TestRandom(31);
      for (const dtype of dtypes) {
        for (const { rows, columns, count } of tables) {
          const table = randomData(random, dtype, rows * columns);
          const index = random.integers(count, 0, rows - 1);
          await agree(
            context,
            (side) => {
              const out = side.make(dtype, count * columns);
              side.backend.gatherRows(side.put(dtype, table), side.put('i32', index), out, columns);
              return { out };
            },
            exact,
            `${dtype} [${rows}, ${columns}] by ${count}`,
          );
        }
      }
    },
  },
  {
    name: 'gatherRows: a NaN stays in its own row',
    async run(context) {
      await agree(
        { ...context, nonFinite: 'ieee' },
        (side) => {
          const out = side.make('f32', 6);
          side.backend.gatherRows(side.put('f32', [1, 2, NaN, Infinity, 5, 6]), side.put('i32', [2, 1, 0]), out, 2);
          return { out };
        },
        exact,
      );
    },
  },
  {
    name: 'scatterAddRows: adds to what is there, repeated rows add up',
    async run(context) {
      const random = new TestRandom(32);
      for (const { rows, columns, count } of tables) {
        const before = random.floats(rows * columns);
        const values = random.floats(count * columns);
        const index = random.integers(count, 0, rows - 1);
        await agree(
          context,
          (side) => {
            const out = side.put('f32', before);
            side.backend.scatterAddRows(side.put('f32', values), side.put('i32', index), out, columns);
            return { out };
          },
          summed(count + 1, new Float64Array(rows * columns).fill(count + 1)),
          `[${rows}, ${columns}] by ${count}`,
        );
      }
    },
  },
  {
    name: 'gatherAxis: along the middle axis, every dtype',
    async run(context) {
      const random = new TestRandom(34);
      for (const dtype of dtypes) {
        for (const spec of axes) {
          const { outer, length, inner, count } = spec;
          const data = randomData(random, dtype, outer * length * inner);
          const index = random.integers(outer * count * inner, 0, length - 1);
          await agree(
            context,
            (side) => {
              const out = side.make(dtype, outer * count * inner);
              side.backend.gatherAxis(side.put(dtype, data), side.put('i32', index), out, spec);
              return { out };
            },
            exact,
            `${dtype} ${JSON.stringify(spec)}`,
          );
        }
      }
    },
  },
  {
    name: 'scatterAddAxis: adds to what is there, repeated places add up',
    async run(context) {
      const random = new TestRandom(35);
      for (const spec of axes) {
        const { outer, length, inner, count } = spec;
        const before = random.floats(outer * length * inner);
        const values = random.floats(outer * count * inner);
        const index = random.integers(outer * count * inner, 0, length - 1);
        await agree(
          context,
          (side) => {
            const out = side.put('f32', before);
            side.backend.scatterAddAxis(side.put('f32', values), side.put('i32', index), out, spec);
            return { out };
          },
          summed(count + 1, new Float64Array(before.length).fill(count + 1)),
          JSON.stringify(spec),
        );
      }
    },
  },
  {
    name: 'scatterAdd: many collisions give the right sum and the same bits in every run',
    async run(context) {
      const magnitudes = await collect(context.reference, (side) => collisions(side, Math.abs));
      await agree(context, collisions, (name) => summed(2000, magnitudes[name]!));
      const runs = [
        await collect(context.backend, collisions),
        await collect(context.backend, collisions),
        await collect(context.backend, collisions),
      ];
      for (const name of ['byRow', 'byAxis'] as const) {
        for (const run of runs.slice(1)) {
          const same = run[name]!.every((value, n) => value === runs[0]![name]![n]);
          expectThat(same, `${name}: expected the same bits in every run, got ${run[name]} after ${runs[0]![name]}`);
        }
      }
    },
  },
];
