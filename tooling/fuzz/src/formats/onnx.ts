import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, openScope, TimestepError } from '@timestep/core';
import { exportOnnx, exportOnnxGraph, importOnnx, type OnnxGraph, type OnnxValue } from '@timestep/interop';
import { GRU, LayerNorm, Linear, LSTM, MGU, Sequential } from '@timestep/layers';
import type { Format } from '../format.ts';
import { mutateProtobuf } from '../mutate/protobuf.ts';

const backend = createReferenceBackend();

/** Operators of shapes and numbers, each on a small input, so that their attributes and operands are damaged too. */
function operators(graph: OnnxGraph): void {
  const x = graph.input('x', 'f32', [2, 3, 4]);
  const give = (name: string, value: OnnxValue) => graph.output(name, value);
  const list = (...values: number[]) => graph.integers(values);
  const like = (opType: string, inputs: readonly OnnxValue[], attributes = {}, rank = 3) =>
    graph.one(opType, inputs, attributes, { dtype: 'f32', rank });
  give('slice', like('Slice', [x, list(-1), list(-9), list(1), list(-2)]));
  give('pad', like('Pad', [x, list(0, 1, 0, 0, 0, 2)], { mode: 'reflect' }));
  give('tile', like('Tile', [x, list(1, 2, 1)]));
  give('expand', like('Expand', [like('Unsqueeze', [x, list(0)], {}, 4), list(2, 2, 3, 4)], {}, 4));
  give('gather', like('Gather', [x, list(1, -1)], { axis: 2 }));
  give(
    'scatter',
    like('ScatterND', [
      x,
      graph.one('Reshape', [list(0, 1), list(1, 2)], {}, { dtype: 'i64', rank: 2 }),
      graph.floats(new Float32Array(4), [1, 4]),
    ]),
  );
  give(
    'conv',
    like('Conv', [x, graph.floats(new Float32Array(6).fill(0.1), [2, 3, 1])], { strides: [2], pads: [1, 0] }),
  );
  give('pool', like('MaxPool', [x], { kernel_shape: [2], pads: [1, 1], ceil_mode: 1 }));
  give(
    'top',
    graph.node('TopK', [x, list(2)], { axis: 1 }, [
      { dtype: 'f32', rank: 3 },
      { dtype: 'i64', rank: 3 },
    ])[0],
  );
  give('sum', like('CumSum', [x, graph.integers(1)]));
  give('einsum', like('Einsum', [x, x], { equation: 'bij,bkj->bik' }));
  give('reduced', like('ReduceLogSumExp', [x], { axes: [1, 2], keepdims: 0 }, 1));
  give(
    'normed',
    like('InstanceNormalization', [x, graph.floats(new Float32Array(3), [3]), graph.floats(new Float32Array(3), [3])]),
  );
  const size = graph.one('Shape', [x], {}, { dtype: 'i64', rank: 1 });
  give('filled', like('ConstantOfShape', [graph.one('Mul', [size, list(1, 2, 1)], {}, size)]));
  give(
    'parts',
    graph.node('Split', [x, list(1, 2)], { axis: 1 }, [
      { dtype: 'f32', rank: 3 },
      { dtype: 'f32', rank: 3 },
    ])[1],
  );
}

export const format: Format = {
  seeds: async () => {
    const generator = new Generator(3);
    const shared = { backend, generator, inputSize: 4, hiddenSize: 2 };
    return [
      await exportOnnx(
        new Sequential(
          new LSTM({ ...shared, bidirectional: true }),
          new LayerNorm({ backend, size: 4 }),
          new Linear({ backend, generator, inputSize: 4, outputSize: 2 }),
        ),
        { lengths: true },
      ),
      await exportOnnx(new GRU({ ...shared, numLayers: 2 })),
      // A graph in a graph.
      await exportOnnx(new MGU(shared), { lengths: true }),
      await exportOnnxGraph((graph) => operators(graph)),
    ];
  },
  mutate: mutateProtobuf,
  read: (bytes) => {
    using model = importOnnx(bytes, { backend });
    using _scope = openScope(backend, { gradient: false });
    const feeds = model.inputs.map(({ name, shape }) => {
      const size = (shape ?? [2, 3, 4]).map((length) =>
        typeof length === 'number' ? Math.max(0, Math.min(length, 4)) : 3,
      );
      const count = size.reduce((a, b) => a * b, 1);
      return [name, { data: new Array<number>(count).fill(1), shape: size }] as const;
    });
    model.forward(Object.fromEntries(feeds));
  },
  isTyped: (error) => error instanceof TimestepError,
};
