import { describe, expect, it } from 'vitest';
import { drawsOf } from '../../test-support/agreement.ts';
import { withOpset } from '../../test-support/edit-model.ts';
import { cpu, expectSameAnswers } from '../../test-support/import-agreement.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from '../export/graph.ts';
import type { OnnxAttribute } from '../export/protos.ts';
import { importOnnx } from './import.ts';

const draws = drawsOf(8);
const shape = [2, 3, 4];

const made = (
  opType: string,
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
  more: (graph: OnnxGraph) => readonly OnnxValue[] = () => [],
  rank = 3,
) =>
  exportOnnxGraph((graph) => {
    const x = graph.input('x', 'f32', shape);
    graph.output('y', graph.one(opType, [x, ...more(graph)], attributes, { dtype: 'f32', rank }));
  });

describe('the operator set decides what an operator means', () => {
  const vector = (graph: OnnxGraph, length: number) =>
    graph.floats(
      Float32Array.from({ length }, () => draws.generator.uniform()),
      [length],
    );
  const cases = [
    ['Softmax: axis 1 and all behind it is one row', made('Softmax'), [9, 12, 13, 17]],
    ['LogSoftmax over axis 2', made('LogSoftmax', { axis: 2 }), [11, 13]],
    ['Hardmax', made('Hardmax'), [11, 13]],
    ['Slice with attributes', made('Slice', { starts: [1, -2], ends: [3, 99], axes: [1, 2] }), [9]],
    ['Clip with attributes', made('Clip', { min: { float: -0.5 }, max: { float: 0.5 } }), [7, 10]],
    ['Pad with attributes', made('Pad', { pads: [0, 1, 0, 0, 0, 2], value: { float: 2 } }), [8, 10]],
    ['Squeeze and ReduceSum with attributes', made('ReduceSum', { axes: [1], keepdims: 0 }, () => [], 2), [11, 12]],
    ['Unsqueeze with attributes', made('Unsqueeze', { axes: [0, 4] }, () => [], 5), [11, 12]],
    ['Split in equal parts', made('Split', { axis: 1, split: [3] }), [11, 12]],
    [
      'BatchNormalization before training_mode',
      made('BatchNormalization', {}, (graph) => [3, 3, 3, 3].map((length) => vector(graph, length))),
      [9, 13, 15],
    ],
  ] as const;
  it.each(cases)('%s', async (_, file, opsets) => {
    for (const opset of opsets)
      await expectSameAnswers(withOpset(await file, opset), { x: draws.floats(...shape) }, [cpu]);
  });
});

it('operator sets from 7 to 28 are read, others named', async () => {
  const file = await made('Tanh');
  for (const opset of [7, 18, 23, 28]) importOnnx(withOpset(file, opset), { backend: cpu }).dispose();
  for (const opset of [6, 29, 0])
    expect(() => importOnnx(withOpset(file, opset), { backend: cpu })).toThrow(
      `the model has operator set ${opset}; 7 to 28 can be read`,
    );
});
