import type { DType } from '@timestep/backend-api';
import { exact, relativeOnly, type Accuracy } from '../accuracy.ts';
import type { Check } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree } from '../side.ts';

const fills: readonly { readonly dtype: DType; readonly value: number }[] = [
  { dtype: 'f32', value: 0 },
  { dtype: 'f32', value: -1.5 },
  { dtype: 'f32', value: 3e38 },
  { dtype: 'i32', value: -2147483648 },
  { dtype: 'i32', value: 2147483647 },
  { dtype: 'u32', value: 4294967295 },
  { dtype: 'u32', value: 16777217 },
];

interface Cast {
  readonly from: DType;
  readonly to: DType;
  readonly data: readonly number[];
  readonly accuracy: Accuracy;
}

const casts: readonly Cast[] = [
  { from: 'f32', to: 'f32', data: [0, -1.5, 3e38], accuracy: relativeOnly },
  {
    from: 'f32',
    to: 'i32',
    data: [0, 0.9, -0.9, 1.5, -1.5, 2.5, -2.5, 16777216, -2147483648, 2147483520],
    accuracy: exact,
  },
  { from: 'f32', to: 'u32', data: [0, 0.9, 1.5, 2.5, 16777216, 2147483648, 4294967040], accuracy: exact },
  { from: 'i32', to: 'f32', data: [0, 1, -1, 16777216, -2147483648, 2147483647], accuracy: relativeOnly },
  { from: 'u32', to: 'f32', data: [0, 1, 16777216, 2147483648, 4294967295], accuracy: relativeOnly },
  { from: 'i32', to: 'u32', data: [0, 1, 2147483647, -1], accuracy: exact },
  { from: 'u32', to: 'i32', data: [0, 1, 2147483647, 4294967295], accuracy: exact },
];

export const fillCastChecks: readonly Check[] = [
  {
    name: 'fill: every dtype, whole buffers of size 0, 1, odd and large',
    async run(context) {
      for (const { dtype, value } of fills) {
        for (const length of [0, 1, 5, 1027]) {
          await agree(
            context,
            (side) => {
              const out = side.make(dtype, length);
              side.backend.fill(out, value);
              return { out };
            },
            relativeOnly,
            `${dtype} ${value} × ${length}`,
          );
        }
      }
    },
  },
  ...casts.map(({ from, to, data, accuracy }): Check => ({
    name: `cast: ${from} to ${to}`,
    async run(context) {
      await agree(
        context,
        (side) => {
          const out = side.make(to, data.length);
          side.backend.cast(side.put(from, data), out);
          return { out };
        },
        accuracy,
      );
    },
  })),
  {
    name: 'cast: sizes 0, 1 and odd',
    async run(context) {
      for (const length of [0, 1, 1031]) {
        const data = new TestRandom(23).floats(length, -1000, 1000);
        await agree(
          context,
          (side) => {
            const out = side.make('i32', length);
            side.backend.cast(side.put('f32', data), out);
            return { out };
          },
          exact,
          `${length} elements`,
        );
      }
    },
  },
];
