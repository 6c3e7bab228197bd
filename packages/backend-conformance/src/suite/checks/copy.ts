import type { DType, StridedOperand } from '@timestep/backend-api';
import { exact } from '../accuracy.ts';
import type { Check } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, gives } from '../side.ts';

/** A view on a buffer of `length` elements. */
export interface View {
  readonly length: number;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Row-major strides. */
export function contiguous(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let k = shape.length - 2; k >= 0; k--) strides[k] = strides[k + 1]! * shape[k + 1]!;
  return strides;
}

/**
 * A random view of `shape` that meets no element twice unless `broadcast`: the axes in a random order of memory, some
 * flipped, some with a step of two, and a few elements before and after.
 */
export function randomView(random: TestRandom, shape: readonly number[], broadcast: boolean): View {
  const order = shape.map((_, k) => ({ k, key: random.uniform() })).sort((a, b) => a.key - b.key);
  const strides = shape.map(() => 0);
  let extent = 1;
  let offset = random.integer(0, 3);
  for (const { k } of order) {
    if (broadcast && random.integer(0, 3) === 0) continue;
    const stride = extent * random.integer(1, 2);
    const flipped = random.integer(0, 2) === 0;
    strides[k] = flipped ? -stride : stride;
    if (flipped) offset += stride * Math.max(0, shape[k]! - 1);
    extent = stride * Math.max(1, shape[k]!);
  }
  return { length: offset + extent + random.integer(0, 3), strides, offset };
}

export const shapes: readonly (readonly number[])[] = [
  [],
  [1],
  [7],
  [5, 3],
  [1, 9],
  [4, 1, 6],
  [3, 5, 7],
  [2, 3, 2, 5],
  [2, 1, 3, 2, 3],
  [2, 3, 2, 1, 3, 2],
  [0],
  [3, 0, 2],
];

const dtypes: readonly DType[] = ['f32', 'i32', 'u32'];

export function randomData(random: TestRandom, dtype: DType, length: number) {
  if (dtype === 'f32') return random.floats(length, -10, 10);
  return dtype === 'i32' ? random.integers(length, -1000, 1000) : random.words(length);
}

interface NamedCopy {
  readonly name: string;
  readonly from: View;
  readonly to: View;
  readonly shape: readonly number[];
}

const named: readonly NamedCopy[] = [
  { name: 'transpose', from: view(12, [1, 4]), to: view(12, [3, 1]), shape: [4, 3] },
  { name: 'flip of the first axis', from: view(12, [-3, 1], 9), to: view(12, [3, 1]), shape: [4, 3] },
  { name: 'flip of both axes', from: view(12, [-3, -1], 11), to: view(12, [3, 1]), shape: [4, 3] },
  { name: 'expansion of a row', from: view(3, [0, 1]), to: view(12, [3, 1]), shape: [4, 3] },
  { name: 'expansion of a scalar', from: view(1, [0, 0]), to: view(12, [3, 1]), shape: [4, 3] },
  { name: 'slice with a step', from: view(20, [10, 2], 1), to: view(6, [3, 1]), shape: [2, 3] },
  { name: 'assignment into the middle', from: view(4, [2, 1]), to: view(16, [4, 1], 5), shape: [2, 2] },
  { name: 'second part of a concatenation', from: view(6, [2, 1]), to: view(15, [5, 1], 3), shape: [3, 2] },
];

function view(length: number, strides: readonly number[], offset = 0): View {
  return { length, strides, offset };
}

export const copyChecks: readonly Check[] = [
  ...named.map(({ name, from, to, shape }): Check => ({
    name: `copy: ${name}`,
    async run(context) {
      const random = new TestRandom(21);
      const source = random.floats(from.length);
      const target = random.floats(to.length);
      await agree(
        context,
        (side) => {
          const out = side.put('f32', target);
          side.backend.copy({ ...from, buffer: side.put('f32', source) }, { ...to, buffer: out }, shape);
          return { out };
        },
        exact,
      );
    },
  })),
  ...dtypes.map((dtype): Check => ({
    name: `copy: random views of ranks 0 to 6, ${dtype}`,
    async run(context) {
      const random = new TestRandom(22);
      for (const shape of shapes) {
        const from = randomView(random, shape, true);
        const to = randomView(random, shape, false);
        const source = randomData(random, dtype, from.length);
        const target = randomData(random, dtype, to.length);
        await agree(
          context,
          (side) => {
            const input = side.put(dtype, source);
            const out = side.put(dtype, target);
            side.backend.copy({ ...from, buffer: input }, { ...to, buffer: out }, shape);
            return { input, out };
          },
          exact,
          `shape [${shape}], from ${describe(from)}, to ${describe(to)}`,
        );
      }
    },
  })),
  {
    name: 'copy: elements that no index meets keep what a fill put there',
    async run(context) {
      const expected = new Float32Array(11).fill(7);
      expected.set([1, 2, 3], 4);
      await gives(
        context,
        (side) => {
          const out = side.make('f32', 11);
          side.backend.fill(out, 7);
          side.backend.copy(
            { buffer: side.put('f32', [1, 2, 3]), strides: [1] },
            { buffer: out, strides: [1], offset: 4 },
            [3],
          );
          return { out };
        },
        { out: expected },
        exact,
      );
    },
  },
  {
    name: 'copy: NaN and infinities move unchanged',
    async run(context) {
      await gives(
        { ...context, nonFinite: 'ieee' },
        (side) => {
          const out = side.put('f32', [0, 0, 0]);
          const operand: StridedOperand = {
            buffer: side.put('f32', Float32Array.of(NaN, Infinity, -Infinity)),
            strides: [-1],
            offset: 2,
          };
          side.backend.copy(operand, { buffer: out, strides: [1] }, [3]);
          return { out };
        },
        { out: Float32Array.of(-Infinity, Infinity, NaN) },
        exact,
      );
    },
  },
];

function describe({ strides, offset }: View): string {
  return `strides [${strides}] offset ${offset}`;
}
