import type { DType } from '@timestep/backend-api';
import { exact } from '../accuracy.ts';
import type { Check } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, gives } from '../side.ts';
import { randomData, randomView, shapes } from './copy.ts';

export const selectChecks: readonly Check[] = [
  ...(['f32', 'i32', 'u32'] as readonly DType[]).map((dtype): Check => ({
    name: `select ${dtype}: strided operands of ranks 0 to 6`,
    async run(context) {
      const random = new TestRandom(61);
      for (const shape of shapes) {
        const [condition, a, b] = [
          randomView(random, shape, true),
          randomView(random, shape, true),
          randomView(random, shape, true),
        ];
        const mask = random.mask(condition.length);
        const [left, right] = [randomData(random, dtype, a.length), randomData(random, dtype, b.length)];
        await agree(
          context,
          (side) => {
            const out = side.make(
              dtype,
              shape.reduce((product, size) => product * size, 1),
            );
            side.backend.select(
              { ...condition, buffer: side.put('u32', mask) },
              { ...a, buffer: side.put(dtype, left) },
              { ...b, buffer: side.put(dtype, right) },
              out,
              shape,
            );
            return { out };
          },
          exact,
          `shape [${shape}]`,
        );
      }
    },
  })),
  {
    name: 'select: the value not chosen is never computed with, NaN and infinities stay behind the mask',
    async run(context) {
      await gives(
        { ...context, nonFinite: 'ieee' },
        (side) => {
          const whole = (buffer: ReturnType<typeof side.put>) => ({ buffer, strides: [1] });
          const out = side.make('f32', 6);
          const condition = side.put('u32', [1, 0, 1, 0, 1, 0]);
          const a = side.put('f32', Float32Array.of(1, NaN, 3, Infinity, NaN, -Infinity));
          const b = side.put('f32', Float32Array.of(NaN, 2, Infinity, 4, 5, Infinity));
          side.backend.select(whole(condition), whole(a), whole(b), out, [6]);
          return { out };
        },
        { out: Float32Array.of(1, 2, 3, 4, NaN, Infinity) },
        exact,
      );
    },
  },
  {
    name: 'select: any condition but 0 chooses the first',
    async run(context) {
      await gives(
        context,
        (side) => {
          const whole = (buffer: ReturnType<typeof side.put>) => ({ buffer, strides: [1] });
          const out = side.make('i32', 5);
          const condition = side.put('u32', [0, 1, 2, 2147483648, 4294967295]);
          side.backend.select(
            whole(condition),
            whole(side.put('i32', [1, 2, 3, 4, 5])),
            { buffer: side.put('i32', [-1]), strides: [0] },
            out,
            [5],
          );
          return { out };
        },
        { out: Int32Array.of(-1, 2, 3, 4, 5) },
        exact,
      );
    },
  },
];
