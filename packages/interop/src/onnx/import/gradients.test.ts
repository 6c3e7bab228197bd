import { multiply, openScope, sum, tensor } from '@timestep/core';
import { expect, it } from 'vitest';
import { drawsOf } from '../../test-support/agreement.ts';
import { reference } from '../../test-support/import-agreement.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from '../export/graph.ts';
import type { OnnxAttribute } from '../export/protos.ts';
import { withOpset } from '../../test-support/edit-model.ts';
import { importOnnx } from './import.ts';

const draws = drawsOf(3);
const shape = [2, 3, 4];
const size = 24;

type Build = (graph: OnnxGraph, x: OnnxValue) => OnnxValue;
const one =
  (
    opType: string,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    more: (graph: OnnxGraph) => readonly OnnxValue[] = () => [],
    rank = 3,
  ): Build =>
  (graph, x) =>
    graph.one(opType, [x, ...more(graph)], attributes, { dtype: 'f32', rank });
const weight = (graph: OnnxGraph, ...own: number[]) =>
  graph.floats(drawsOf(own.length + own[0]!).floats(...own).data as Float32Array, own);

const builds: Readonly<Record<string, Build>> = {
  Erf: one('Erf'),
  Gelu: one('Gelu'),
  Mish: one('Mish'),
  Selu: one('Selu'),
  Atan: one('Atan'),
  ReduceProd: one('ReduceProd', { axes: [1, 2], keepdims: 0 }, () => [], 1),
  ReduceLogSumExp: one('ReduceLogSumExp', {}, () => [], 3),
  CumSum: one('CumSum', { exclusive: 1 }, (graph) => [graph.integers(1)]),
  Conv: one('Conv', { strides: [2], pads: [1, 2] }, (graph) => [weight(graph, 2, 3, 2), weight(graph, 2)]),
  ConvTranspose: one('ConvTranspose', { strides: [2], pads: [1, 0] }, (graph) => [weight(graph, 3, 2, 3)]),
  MaxPool: one('MaxPool', { kernel_shape: [2], pads: [0, 1] }),
  AveragePool: one('AveragePool', { kernel_shape: [3], pads: [1, 1] }),
  LayerNormalization: one('LayerNormalization', { axis: 1 }, (graph) => [weight(graph, 3, 4), weight(graph, 3, 4)]),
  Einsum: one('Einsum', { equation: 'bij,jk->bik' }, (graph) => [weight(graph, 4, 2)]),
  Slice: one('Slice', {}, (graph) =>
    [
      [-1, 0],
      [-9, 9],
      [1, 2],
      [-2, 3],
    ].map((list) => graph.integers(list)),
  ),
  Pad: one('Pad', { mode: 'reflect' }, (graph) => [graph.integers([0, 1, 2, 0, 0, 1])]),
  'LSTM, clipped': one(
    'LSTM',
    { hidden_size: 2, clip: { float: 0.5 } },
    (graph) => [weight(graph, 1, 8, 4), weight(graph, 1, 8, 2)],
    4,
  ),
};

it.each(Object.entries(builds))('the gradient of %s is that of finite differences', async (_, build) => {
  const file = await exportOnnxGraph((graph) => graph.output('y', build(graph, graph.input('x', 'f32', shape))));
  using model = importOnnx(withOpset(file, ['Gelu', 'Mish'].includes(_) ? 20 : 17), { backend: reference });
  using _scope = openScope(reference);
  const values = Float64Array.from({ length: size }, () => draws.generator.normal());
  // A float64 tensor of the reference backend, so that differences are exact enough.
  const put = (numbers: Float64Array) => tensor(reference, numbers, { shape, requiresGrad: true });
  const x = put(values);
  const y = model.forward({ x })['y']!;
  const upstream = tensor(reference, draws.floats(...y.shape).data, { shape: y.shape });
  const loss = (numbers: Float64Array) => sum(multiply(model.forward({ x: put(numbers) })['y']!, upstream)).item();
  sum(multiply(y, upstream)).backward();
  const gradient = await x.grad!.data();
  const step = 1e-5;
  for (let n = 0; n < size; n++) {
    const [above, below] = [step, -step].map((by) => loss(values.map((value, k) => (k === n ? value + by : value))));
    const difference = ((await above!) - (await below!)) / (2 * step);
    // The central difference errs by step²; the sums of some 100 float64 products by far less.
    expect(Math.abs(gradient[n]! - difference), `element ${n}`).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
  }
});
