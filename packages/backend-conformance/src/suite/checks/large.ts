import type { HostArray } from '@timestep/backend-api';
import { exact, single, type Accuracy } from '../accuracy.ts';
import { CheckFailure, type Check, type CheckContext } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, collect, type Results, type Side } from '../side.ts';

/** One more than 65,535 workgroups of 256 invocations, and not a multiple of them. */
const elements = 65_536 * 256 + 3;
/** More rows than the 65,535 workgroups that one dimension of a dispatch may have. */
const rows = 70_000;

/** Elementwise results are known in closed form here: the reference would take longer than the backend. */
async function check(
  context: CheckContext,
  recipe: (side: Side) => Results,
  expected: (n: number) => number,
): Promise<void> {
  const [values] = Object.values(await collect(context.backend, recipe)) as [HostArray];
  for (let n = 0; n < values.length; n++) {
    if (values[n] !== expected(n))
      throw new CheckFailure(`expected ${expected(n)}, got ${values[n]} at element ${n} of ${values.length}`);
  }
}

function counting(length: number, period: number): Float32Array {
  const values = new Float32Array(length);
  for (let n = 0; n < length; n++) values[n] = n % period;
  return values;
}

function rowCheck(
  name: string,
  recipe: (random: TestRandom) => (side: Side) => Results,
  accuracy: Accuracy = exact,
): Check {
  return { name: `large: ${name}`, run: (context) => agree(context, recipe(new TestRandom(95)), accuracy) };
}

export const largeChecks: readonly Check[] = [
  {
    name: `large: unary on ${elements} elements`,
    run: (context) =>
      check(
        context,
        (side) => {
          const out = side.own(side.backend.alloc('f32', elements));
          side.backend.unary('affine', side.put('f32', counting(elements, 1021)), out, 2, 1);
          return { out };
        },
        (n) => 2 * (n % 1021) + 1,
      ),
  },
  {
    name: `large: binary with a broadcast row on ${elements - 3} elements`,
    run: (context) =>
      check(
        context,
        (side) => {
          const out = side.own(side.backend.alloc('f32', elements - 3));
          const matrix = { buffer: side.put('f32', counting(elements - 3, 1021)), strides: [256, 1] };
          side.backend.binary(
            'add',
            matrix,
            { buffer: side.put('f32', counting(256, 256)), strides: [0, 1] },
            out,
            [65_536, 256],
          );
          return { out };
        },
        (n) => (n % 1021) + (n % 256),
      ),
  },
  {
    name: `large: fill and reversed copy of ${elements} elements`,
    run: (context) =>
      check(
        context,
        (side) => {
          const from = side.own(side.backend.alloc('i32', elements));
          const out = side.own(side.backend.alloc('i32', elements));
          side.backend.fill(from, 5);
          side.backend.copy({ buffer: side.put('i32', [7, 8, 9]), strides: [1] }, { buffer: from, strides: [1] }, [3]);
          side.backend.copy({ buffer: from, strides: [-1], offset: elements - 1 }, { buffer: out, strides: [1] }, [
            elements,
          ]);
          return { out };
        },
        (n) => (n < elements - 3 ? 5 : elements + 6 - n),
      ),
  },
  {
    name: `large: random bits and select on ${elements} elements`,
    async run({ backend, reference }) {
      const key = [3, 5] as const;
      const draws = await collect(backend, (side) => {
        const bits = side.own(backend.alloc('u32', elements));
        const out = side.own(backend.alloc('u32', elements));
        backend.randomBits(bits, key, 11);
        const zero = side.put('u32', [0]);
        backend.select(
          { buffer: bits, strides: [1] },
          { buffer: bits, strides: [1] },
          { buffer: zero, strides: [0] },
          out,
          [elements],
        );
        return { out };
      });
      const out = draws['out']!;
      // Blocks are independent of each other: a few thousand spread over the whole stand for all.
      const wanted = await collect(reference, (side) => {
        const parts: Record<string, ReturnType<Side['put']>> = {};
        for (let block = 0; block < elements / 2; block += 9973) {
          const part = side.make('u32', 1);
          reference.randomBits(part, key, 11 + block);
          parts[block] = part;
        }
        return parts;
      });
      for (const [block, words] of Object.entries(wanted)) {
        const at = 2 * Number(block);
        if (out[at] !== words[0]) throw new CheckFailure(`expected ${words[0]}, got ${out[at]} at word ${at}`);
      }
    },
  },
  rowCheck(`reduce and argmax of ${rows} rows of 3`, (random) => {
    const data = random.floats(rows * 3, -9, 9);
    return (side) => {
      const x = side.put('f32', data);
      const [most, first] = [side.make('f32', rows), side.make('i32', rows)];
      side.backend.reduce('max', x, most, { outer: rows, length: 3, inner: 1 });
      side.backend.argmax(x, first, { outer: rows, length: 3, inner: 1 });
      return { most, first };
    };
  }),
  rowCheck(`reduce and argmax over 3 rows of ${rows} columns`, (random) => {
    const data = random.floats(rows * 3, -9, 9);
    return (side) => {
      const x = side.put('f32', data);
      const [least, first] = [side.make('f32', rows), side.make('i32', rows)];
      side.backend.reduce('min', x, least, { outer: 1, length: 3, inner: rows });
      side.backend.argmax(x, first, { outer: 1, length: 3, inner: rows });
      return { least, first };
    };
  }),
  rowCheck(`gather and scatter of ${rows} rows of 3`, (random) => {
    const table = random.floats(97 * 3);
    const index = random.integers(rows, 0, 96);
    // Whole numbers, so that every order of adding gives the same sum.
    const values = Float32Array.from(random.integers(rows * 3, -8, 8));
    return (side) => {
      const places = side.put('i32', index);
      const gathered = side.make('f32', rows * 3);
      const scattered = side.put('f32', new Float32Array(97 * 3));
      side.backend.gatherRows(side.put('f32', table), places, gathered, 3);
      side.backend.scatterAddRows(side.put('f32', values), places, scattered, 3);
      return { gathered, scattered };
    };
  }),
  rowCheck(`gather and scatter along an axis with ${rows} outer`, (random) => {
    const data = random.floats(rows * 3);
    const index = random.integers(rows * 2, 0, 2);
    const values = Float32Array.from(random.integers(rows * 2, -8, 8));
    const spec = { outer: rows, length: 3, inner: 1, count: 2 };
    return (side) => {
      const places = side.put('i32', index);
      const gathered = side.make('f32', rows * 2);
      const scattered = side.put('f32', new Float32Array(rows * 3));
      side.backend.gatherAxis(side.put('f32', data), places, gathered, spec);
      side.backend.scatterAddAxis(side.put('f32', values), places, scattered, spec);
      return { gathered, scattered };
    };
  }),
  rowCheck(
    `matmul with m of ${rows}, n of ${rows}, and a batch of ${rows}`,
    (random) => {
      const [tall, small] = [random.floats(rows * 3), random.floats(6)];
      const shared = { batch: 1, aStride: 0, bStride: 0, transposeA: false, transposeB: false, accumulate: false };
      return (side) => {
        const [x, w] = [side.put('f32', tall), side.put('f32', small)];
        const [byRow, byColumn, byBatch] = [
          side.make('f32', rows * 2),
          side.make('f32', rows * 2),
          side.make('f32', rows * 2),
        ];
        side.backend.matmul(x, w, byRow, { ...shared, m: rows, n: 2, k: 3 });
        side.backend.matmul(w, x, byColumn, { ...shared, m: 2, n: rows, k: 3 });
        side.backend.matmul(x, w, byBatch, { ...shared, m: 1, n: 2, k: 3, batch: rows, aStride: 3 });
        return { byRow, byColumn, byBatch };
      };
    },
    single,
  ),
];
