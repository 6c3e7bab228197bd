import { tensor } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { drawsOf } from '../../test-support/agreement.ts';
import { cpu, expectGraph, reference } from '../../test-support/import-agreement.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from '../export/graph.ts';
import type { OnnxElementType } from '../types.ts';
import { importOnnx } from './import.ts';

const draws = drawsOf(6);
const cast = (graph: OnnxGraph, x: OnnxValue, dtype: OnnxElementType) =>
  graph.one('Cast', [x], { to: { f32: 1, i32: 6, i64: 7, bool: 9 }[dtype] }, { dtype, rank: x.rank });

describe('booleans and integers keep their types', () => {
  const whole = { data: Int32Array.of(-7, 7, -1, 0, 3, 2_000_000_000), shape: [6] };

  it('arithmetic on whole numbers: quotients, remainders, powers, sums that wrap round', async () => {
    await expectGraph(
      (graph) => {
        const x = graph.input('x', 'i32', [6]);
        const wide = cast(graph, x, 'i64');
        const two = (opType: string, by: number, attributes = {}) =>
          graph.one(opType, [wide, graph.integers([by])], attributes, { dtype: 'i64', rank: 1 });
        graph.output('quotient', cast(graph, two('Div', 2), 'i32'));
        graph.output('remainder', cast(graph, two('Mod', 3), 'i32'));
        graph.output('like_c', cast(graph, two('Mod', 3, { fmod: 1 }), 'i32'));
        graph.output('sum', graph.one('Add', [x, x], {}, x));
        graph.output('product', graph.one('Mul', [x, x], {}, x));
        graph.output('large', cast(graph, two('Mul', 1_000_003), 'f32'));
      },
      { x: whole },
    );
    await expectGraph((graph) => {
      const powers = graph.one(
        'Pow',
        [graph.integers([3, -2, 7]), graph.integers([4, 3, 0])],
        {},
        { dtype: 'i64', rank: 1 },
      );
      graph.output('powers', cast(graph, powers, 'f32'));
    });
  });

  it('casts: a half is true, a negative number is cut towards 0', async () => {
    const x = { data: Float32Array.of(0.5, -0.5, 0, -2.7, 2.7, NaN), shape: [6] };
    await expectGraph(
      (graph) => graph.output('y', cast(graph, cast(graph, graph.input('x', 'f32', [6]), 'bool'), 'i32')),
      { x },
    );
    const finite = { data: x.data.subarray(0, 5), shape: [5] };
    await expectGraph((graph) => graph.output('y', cast(graph, graph.input('x', 'f32', [5]), 'i32')), { x: finite });
  });

  it('comparisons, logic, and Where over floats, whole numbers and masks', async () => {
    await expectGraph(
      (graph) => {
        const [x, n] = [graph.input('x', 'f32', [2, 3]), graph.input('n', 'i32', [3])];
        const bool = (opType: string, ...inputs: OnnxValue[]) =>
          graph.one(opType, inputs, {}, { dtype: 'bool', rank: 2 });
        const zero = graph.floats(Float32Array.of(0), []);
        const above = bool('GreaterOrEqual', x, zero);
        const few = graph.one(
          'LessOrEqual',
          [n, cast(graph, graph.integers([2]), 'i32')],
          {},
          { dtype: 'bool', rank: 1 },
        );
        const either = bool('Or', bool('Not', above), bool('Xor', above, few));
        graph.output('either', either);
        graph.output('chosen', graph.one('Where', [either, x, zero], {}, x));
        graph.output('counted', graph.one('Where', [few, n, cast(graph, graph.integers([9]), 'i32')], {}, n));
        graph.output('equal', bool('Equal', bool('And', above, few), above));
      },
      { x: draws.floats(2, 3), n: { data: Int32Array.of(1, 2, 3), shape: [3] } },
    );
  });

  it('whole numbers beyond 32 bits: right on the host, refused where nothing can hold them', async () => {
    const file = await exportOnnxGraph((graph) => {
      const x = graph.input('x', 'i64', ['N']);
      const more = graph.one('Add', [x, graph.integers([1])], {}, x);
      graph.output('half', cast(graph, graph.one('Div', [more, graph.integers([2])], {}, x), 'i32'));
      graph.output(
        'same',
        cast(graph, graph.one('Equal', [more, graph.integers([3_000_000_001])], {}, { dtype: 'bool', rank: 1 }), 'i32'),
      );
    });
    const lost = await exportOnnxGraph((graph) => {
      const x = graph.input('x', 'i64', ['N']);
      graph.output('y', graph.one('Mul', [x, x], {}, x));
    });
    for (const backend of [cpu, reference]) {
      using model = importOnnx(file, { backend });
      const { half, same } = model.forward({ x: BigInt64Array.of(4n, 3_000_000_000n) });
      expect([...(await half!.data())]).toEqual([2, 1_500_000_000]);
      expect([...(await same!.data())]).toEqual([0, 1]);
      using second = importOnnx(lost, { backend });
      expect(() => second.forward({ x: [4_000_000_000] })).toThrow(/beyond 2\^53/);
      expect(() => second.forward({ x: [100_000] })).toThrow(/the output 'y' holds 10000000000, which i32 cannot/);
      expect([...(await second.forward({ x: [-40_000] })['y']!.data())]).toEqual([1_600_000_000]);
    }
  });
});

describe('inputs', () => {
  it('in every form, and refused where type or shape is another', async () => {
    const file = await exportOnnxGraph((graph) => {
      const [x, n, mask] = [
        graph.input('x', 'f32', ['N', 2]),
        graph.input('n', 'i64', []),
        graph.input('mask', 'bool', [2]),
      ];
      const scaled = graph.one('Mul', [x, cast(graph, n, 'f32')], {}, x);
      graph.output('y', graph.one('Where', [mask, scaled, x], {}, x));
    });
    for (const backend of [cpu, reference]) {
      using model = importOnnx(file, { backend });
      const x = tensor(backend, [
        [1, 2],
        [3, 4],
      ]);
      const expected = [3, 2, 9, 4];
      for (const n of [
        3,
        3n,
        [3],
        Int32Array.of(3),
        BigInt64Array.of(3n),
        tensor(backend, Int32Array.of(3), { shape: [] }),
      ]) {
        for (const mask of [
          [true, false],
          [1, 0],
          Uint8Array.of(1, 0),
          { data: [1, 0], shape: [2] },
          tensor(backend, Uint32Array.of(7, 0)),
          tensor(backend, Int32Array.of(1, 0)),
        ])
          expect([...(await model.forward({ x, n, mask })['y']!.data())]).toEqual(expected);
      }
      const [n, mask] = [3, [1, 0]];
      const wrong: readonly [object, RegExp][] = [
        [{ x: tensor(backend, [1, 2]), n, mask }, /input x of shape \[N, 2\], got \[2\]/],
        [{ x, n, mask: [1, 0, 1] }, /input mask of shape \[2\], got \[3\]/],
        [{ x, n: 2.5, mask }, /input n to have integers in .*, got 2.5/],
        [{ x, n, mask: [2, 0] }, /input mask to have integers in 0…1, got 2/],
        [{ x, n: 'three', mask }, /input n as a tensor, numbers, or \{ data, shape \}, got 'three'/],
        [{ x: cast32(backend), n, mask }, /input x as a tensor of f32, got i32/],
        [{ x, n }, /expected the inputs x, n, mask, got x, n/],
        [{ x, n, mask: { data: [1, 0], shape: [3] } }, /a shape that holds them, got \[3\]/],
      ];
      for (const [feeds, message] of wrong) expect(() => model.forward(feeds as never)).toThrow(message);
    }
  });
});

function cast32(backend: typeof cpu) {
  return tensor(backend, Int32Array.of(1, 2), { shape: [1, 2] });
}
