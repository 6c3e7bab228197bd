import { describe, expect, it } from 'vitest';
import { tensor } from '../create.ts';
import { checkGradient } from '../test-support/gradients.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { gather, gatherRows } from './gather.ts';
import { concat, stack, unstack } from './join.ts';
import { matmul } from './matmul.ts';
import { argmax, max, mean, min, sum } from './reduce.ts';
import { expand, flip, reshape, slice, transpose } from './shape.ts';

const backend = createReferenceBackend();

describe('gradients of the operations that move elements', () => {
  it('reshape', () => checkGradient([{ shape: [2, 3] }], ([x]) => reshape(x!, [3, -1])));
  it('transpose', () => checkGradient([{ shape: [2, 3, 4] }], ([x]) => transpose(x!, [2, 0, 1])));
  it('transpose of the last two', () => checkGradient([{ shape: [2, 3, 2] }], ([x]) => transpose(x!)));
  it('expand', () => checkGradient([{ shape: [3, 1] }], ([x]) => expand(x!, [2, 3, 4])));
  it('slice', () => checkGradient([{ shape: [4, 3] }], ([x]) => slice(x!, 0, 1, -1)));
  it('flip', () => checkGradient([{ shape: [3, 2] }], ([x]) => flip(x!, 0)));
  it('concat', () => checkGradient([{ shape: [2, 3] }, { shape: [2, 1] }], ([x, y]) => concat([x!, y!, x!], 1)));
  it('stack', () => checkGradient([{ shape: [2, 2] }, { shape: [2, 2] }], ([x, y]) => stack([x!, y!], -1)));
  it('unstack, where not every part is used', () => checkGradient([{ shape: [3, 2] }], ([x]) => unstack(x!)[1]!));
  it('unstack along the last axis', () => checkGradient([{ shape: [2, 3] }], ([x]) => unstack(x!, 1)));
  it('gatherRows, with a row twice', () =>
    checkGradient([{ shape: [4, 2] }], ([x]) =>
      gatherRows(
        x!,
        tensor(
          x!.backend,
          [
            [1, 3],
            [1, 0],
          ],
          { dtype: 'i32' },
        ),
      ),
    ));
  it('gather', () =>
    checkGradient([{ shape: [2, 3] }], ([x]) =>
      gather(
        x!,
        tensor(
          x!.backend,
          [
            [2, 2],
            [0, 1],
          ],
          { dtype: 'i32' },
        ),
        1,
      ),
    ));
});

describe('gradients of the reductions', () => {
  it.each([undefined, 0, 1, [0, 2], [1, 2], [-1]])('over axes %j', async (axes) => {
    for (const reduce of [sum, mean, max, min]) await checkGradient([{ shape: [2, 3, 2] }], ([x]) => reduce(x!, axes));
    await checkGradient([{ shape: [2, 3, 2] }], ([x]) => max(x!, axes, { keepAxes: true }));
  });
  it('keeps or drops the axes', () => {
    const x = tensor(backend, new Float64Array(24), { shape: [2, 3, 4] });
    expect(sum(x, [0, 2]).shape).toEqual([3]);
    expect(sum(x, [0, 2], { keepAxes: true }).shape).toEqual([1, 3, 1]);
    expect(argmax(x, 1).shape).toEqual([2, 4]);
  });
  it('sums nothing to 0', async () => {
    expect(await sum(tensor(backend, new Float64Array(0), { shape: [0, 3] }), 0).array()).toEqual([0, 0, 0]);
  });
});

describe('gradients of matmul', () => {
  const cases = [
    [
      [2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [2, 3, 2],
    ],
    [
      [2, 3],
      [3, 3, 2],
    ],
    [
      [2, 1, 2, 3],
      [3, 3, 2],
    ],
  ] as const;
  const swap = (shape: readonly number[]): number[] => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      it.each(cases)(`[%j]·[%j], transposed ${transposeA} ${transposeB}`, async (a, b) => {
        const options = { transposeA, transposeB };
        await checkGradient([{ shape: transposeA ? swap(a) : a }, { shape: transposeB ? swap(b) : b }], ([x, y]) =>
          matmul(x!, y!, options),
        );
      });
    }
  }
  it('names the lengths that differ', () => {
    const [a, b] = [tensor(backend, [[1, 2]]), tensor(backend, [[1, 2]])];
    expect(() => matmul(a, b)).toThrow(/inner lengths differ: \[1, 2\] has 2, \[1, 2\] has 1/);
  });
});

describe('errors', () => {
  const x = tensor(backend, [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  it('say what was expected', () => {
    expect(() => reshape(x, [4, 2])).toThrow(/cannot reshape \[2, 3\]/);
    expect(() => slice(x, 1, 0, 4)).toThrow(/out of range for axis 1/);
    expect(() => sum(x, 2)).toThrow(/expected -2…1/);
    expect(() => concat([x, tensor(backend, [[1]])], 0)).toThrow(/differ outside axis 0/);
    expect(() => stack([])).toThrow(/at least one tensor/);
    expect(() => expand(x, [2, 4])).toThrow(/does not stretch/);
    expect(() => tensor(backend, [[1, 2], [3]])).toThrow(/ragged/);
  });
});
