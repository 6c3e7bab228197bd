import { describe, it } from 'vitest';
import { drawsOf } from '../../test-support/agreement.ts';
import { cpu, expectGraph, type Feeds } from '../../test-support/import-agreement.ts';
import type { OnnxGraph, OnnxValue } from '../export/graph.ts';
import type { OnnxAttribute } from '../export/protos.ts';

const draws = drawsOf(41);

type Attributes = Readonly<Record<string, OnnxAttribute>>;
type Operand = OnnxValue | null;

/** A test of one operator: a name, an input, what else it is given, its attributes. */
type Case = readonly [
  opType: string,
  shape: readonly number[],
  attributes?: Attributes,
  more?: ((graph: OnnxGraph) => readonly Operand[]) | undefined,
  rank?: number,
];

const weights = (...shape: number[]) => {
  const { data } = draws.floats(...shape);
  return (graph: OnnxGraph) => graph.floats(data as Float32Array, shape);
};
const list =
  (...values: number[]) =>
  (graph: OnnxGraph) =>
    graph.integers(values);
const all =
  (...makers: readonly ((graph: OnnxGraph) => Operand)[]) =>
  (graph: OnnxGraph) =>
    makers.map((make) => make(graph));
const none = () => null;
const float = (value: number) => ({ float: value });

const cases: readonly Case[] = [
  ...[
    'Abs',
    'Ceil',
    'Cos',
    'Erf',
    'Exp',
    'Floor',
    'HardSwish',
    'Identity',
    'Neg',
    'Relu',
    'Round',
    'Sigmoid',
    'Sign',
  ].map((name): Case => [name, [3, 5]]),
  ...['Sin', 'Sinh', 'Cosh', 'Softplus', 'Softsign', 'Tan', 'Tanh', 'Asinh', 'Atan', 'Reciprocal'].map((name): Case => [
    name,
    [4, 4],
  ]),
  ['Celu', [9], { alpha: float(0.7) }],
  ['Elu', [9], { alpha: float(1.5) }],
  ['HardSigmoid', [9], { alpha: float(0.3), beta: float(0.4) }],
  ['LeakyRelu', [9], { alpha: float(0.2) }],
  ['Selu', [9]],
  ['Shrink', [9], { bias: float(0.2), lambd: float(0.5) }],
  ['ThresholdedRelu', [9], { alpha: float(0.3) }],
  ['PRelu', [2, 3, 4], {}, all(weights(3, 1))],
  ['Clip', [9], {}, (graph) => [scalar(graph, -0.5), scalar(graph, 0.4)]],
  ['Clip', [9], {}, (graph) => [null, scalar(graph, 0.4)]],
  ['Max', [2, 3], {}, all(weights(3), weights(2, 1))],
  ['Mean', [2, 3], {}, all(weights(3), weights(2, 1))],
  ['Pow', [9], {}, all(list(2))],
  ['Sum', [2, 3], {}, all(weights(3))],
  ['ReduceL1', [2, 3, 4], { axes: [-1], keepdims: 0 }, undefined, 2],
  ['ReduceL2', [2, 3, 4], { axes: [0, 2] }],
  ['ReduceLogSumExp', [2, 3, 4], { axes: [1] }],
  ['ReduceMax', [2, 3, 4]],
  ['ReduceMean', [2, 3, 4], { axes: [-2], keepdims: 0 }, undefined, 2],
  ['ReduceMin', [2, 3, 4], { axes: [1, 2], keepdims: 0 }, undefined, 1],
  ['ReduceProd', [2, 3, 5], { axes: [0, 2] }],
  ['ReduceSum', [2, 3, 4], {}, all(list(-1, 0))],
  ['ReduceSumSquare', [2, 3, 4], { axes: [1] }],
  ['CumSum', [2, 5], { exclusive: 1, reverse: 1 }, (graph) => [graph.integers(1)]],
  ['CumSum', [5, 3], {}, (graph) => [graph.integers(-2)]],
  ['MatMul', [2, 3, 4], {}, all(weights(4, 5))],
  ['MatMul', [4], {}, all(weights(2, 4, 3)), 2],
  ['Gemm', [3, 4], { transB: 1, alpha: float(0.5), beta: float(2) }, all(weights(5, 4), weights(5))],
  ['Einsum', [2, 3, 4], { equation: 'bij,bkj->bik' }, all(weights(2, 5, 4))],
  ['Einsum', [2, 3, 4], { equation: '...i,ik->...k' }, all(weights(4, 2))],
  ['Einsum', [3, 3], { equation: 'ii' }, undefined, 0],
  ['Einsum', [2, 3], { equation: 'ij,j,k->ki' }, all(weights(3), weights(4))],
  ['Softmax', [2, 3, 4], { axis: 1 }],
  ['LogSoftmax', [2, 3, 4]],
  ['Hardmax', [2, 3, 4], { axis: 1 }],
  ['Slice', [5, 6], {}, all(list(-1, 5), list(-99, 1), list(0, 1), list(-2, -3))],
  ['Slice', [5, 6], {}, all(list(1), list(99), none, list(3))],
  ['Pad', [2, 3, 4], { mode: 'reflect' }, all(list(0, 1, 2, 0, 1, 3))],
  ['Pad', [2, 3, 4], { mode: 'edge' }, all(list(1, 0, 2, 0, 1, 3))],
  ['Pad', [2, 3, 4], {}, (graph) => [graph.integers([1, 0, -1, 0, 2, 3]), scalar(graph, 1.5)]],
  ['Tile', [2, 3], {}, all(list(2, 3))],
  ['Expand', [3, 1], {}, all(list(2, 1, 4)), 3],
  ['Transpose', [2, 3, 4], { perm: [2, 0, 1] }],
  ['Flatten', [2, 3, 4], { axis: -1 }, undefined, 2],
  ['Squeeze', [1, 3, 1], {}, all(list(-1)), 2],
  ['Unsqueeze', [3, 4], {}, all(list(-1, 0)), 4],
  ['Reshape', [2, 3, 4], {}, all(list(0, -1)), 2],
  ['DepthToSpace', [2, 8, 2, 3], { blocksize: 2, mode: 'CRD' }],
  ['SpaceToDepth', [2, 3, 4, 6], { blocksize: 2 }],
  ['Gather', [3, 4, 5], { axis: 1 }, (graph) => [matrix(graph, [0, -1, 2, 1], [2, 2])], 4],
  ['GatherElements', [3, 4], { axis: 1 }, (graph) => [matrix(graph, [0, -1, 2, 1, 3, 3], [3, 2])]],
  ['GatherND', [3, 4, 5], {}, (graph) => [matrix(graph, [0, -1, 2, 1], [2, 2])], 2],
  [
    'ScatterElements',
    [3, 4],
    { axis: 1, reduction: 'add' },
    (graph) => [matrix(graph, [0, 0, -1, 1, 1, 1], [3, 2]), weights(3, 2)(graph)],
  ],
  ['ScatterND', [4, 3], {}, (graph) => [matrix(graph, [0, -1], [2, 1]), weights(2, 3)(graph)]],
  ['ReverseSequence', [4, 3, 2], { time_axis: 0, batch_axis: 1 }, all(list(4, 1, 2))],
  ['Trilu', [2, 4, 5], { upper: 0 }, (graph) => [graph.integers(1)]],
  ['Compress', [3, 4], { axis: 1 }, (graph) => [mask(graph, [0, 1, 1])]],
  [
    'BatchNormalization',
    [2, 3, 4],
    {},
    (graph) => [weights(3)(graph), weights(3)(graph), weights(3)(graph), graph.floats(Float32Array.of(0.5, 1, 2), [3])],
  ],
  ['InstanceNormalization', [2, 3, 4], { epsilon: float(0.01) }, all(weights(3), weights(3))],
  ['LayerNormalization', [2, 3, 4], { axis: 1 }, all(weights(3, 4), weights(3, 4))],
  ['LayerNormalization', [2, 3, 4], {}, all(weights(4), none)],
  ['LpNormalization', [2, 3, 4], { axis: 1, p: 1 }],
  ['Conv', [2, 3, 9], { pads: [2, 1], strides: [2], dilations: [2] }, all(weights(4, 3, 3), weights(4))],
  ['Conv', [2, 4, 7], { group: 2, auto_pad: 'SAME_UPPER', strides: [2] }, all(weights(6, 2, 4), none)],
  ['Conv', [1, 2, 6, 5], { pads: [1, 0, 2, 1], strides: [2, 1] }, all(weights(3, 2, 3, 2), weights(3))],
  [
    'ConvTranspose',
    [2, 4, 5],
    { strides: [2], pads: [1, 0], output_padding: [1], group: 2 },
    all(weights(4, 3, 3), weights(6)),
  ],
  ['MaxPool', [2, 3, 9], { kernel_shape: [3], strides: [2], pads: [1, 1], ceil_mode: 1 }],
  ['AveragePool', [2, 3, 6, 5], { kernel_shape: [3, 2], pads: [1, 1, 1, 0], strides: [2, 2] }],
  ['AveragePool', [2, 3, 7], { kernel_shape: [3], pads: [1, 2], count_include_pad: 1 }],
  ['GlobalAveragePool', [2, 3, 4, 5]],
  ['GlobalMaxPool', [2, 3, 4]],
];

function scalar(graph: OnnxGraph, value: number): OnnxValue {
  return graph.floats(Float32Array.of(value), []);
}

function matrix(graph: OnnxGraph, values: readonly number[], shape: readonly number[]): OnnxValue {
  return graph.one(
    'Reshape',
    [graph.integers(values), graph.integers(shape)],
    {},
    { dtype: 'i64', rank: shape.length },
  );
}

function mask(graph: OnnxGraph, values: readonly number[]): OnnxValue {
  return graph.one('Cast', [graph.integers(values)], { to: 9 }, { dtype: 'bool', rank: 1 });
}

describe('operators give what ONNX Runtime gives', () => {
  const named = cases.map(
    (one, n) => [`${one[0]} ${n}: ${JSON.stringify(one[1])}, ${JSON.stringify(one[2] ?? {})}`, one] as const,
  );
  it.each(named)('%s', async (_, [opType, shape, attributes = {}, more = () => [], rank = shape.length]) => {
    const feeds: Feeds = { x: draws.floats(...shape) };
    await expectGraph((graph) => {
      const x = graph.input('x', 'f32', shape);
      graph.output('y', graph.one(opType, [x, ...more(graph)], attributes, { dtype: 'f32', rank }));
    }, feeds);
  });

  // TopK reads what it sorts on the host, which the reference backend does not allow.
  it('outputs beside the first: TopK, MaxPool, Split, Dropout', async () => {
    await expectGraph(
      (graph) => {
        const x = graph.input('x', 'f32', [3, 7]);
        const both = [
          { dtype: 'f32', rank: 2 },
          { dtype: 'i64', rank: 2 },
        ] as const;
        const [values, places] = graph.node('TopK', [x, graph.integers([4])], { largest: 0, axis: 0 - 1 }, both);
        graph.output('values', values);
        graph.output('places', places);
        const wide = graph.one('Unsqueeze', [x, graph.integers([0])], {}, { dtype: 'f32', rank: 3 });
        const [pooled, from] = graph.node('MaxPool', [wide], { kernel_shape: [3], strides: [2] }, [
          { dtype: 'f32', rank: 3 },
          { dtype: 'i64', rank: 3 },
        ] as const);
        graph.output('pooled', pooled);
        graph.output('from', from);
        const parts = graph.node('Split', [x, graph.integers([2, 5])], { axis: 1 }, [
          { dtype: 'f32', rank: 2 },
          { dtype: 'f32', rank: 2 },
        ] as const);
        graph.output('right', parts[1]);
        const [kept, chosen] = graph.node('Dropout', [x], {}, [
          { dtype: 'f32', rank: 2 },
          { dtype: 'bool', rank: 2 },
        ] as const);
        graph.output('kept', kept);
        graph.output('chosen', chosen);
      },
      { x: draws.floats(3, 7) },
      [cpu],
    );
  });
});
