import { mean, openScope, square, tensor } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { drawsOf } from '../../test-support/agreement.ts';
import { editModel } from '../../test-support/edit-model.ts';
import { cpu, expectSameAnswers, reference } from '../../test-support/import-agreement.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from '../export/graph.ts';
import { importOnnx } from './import.ts';

const draws = drawsOf(17);
const [D, H, N] = [3, 2, 4];
const x = draws.floats(5, N, D);

function weight(graph: OnnxGraph, ...shape: number[]): OnnxValue {
  return graph.floats(draws.floats(...shape).data as Float32Array, shape);
}

const same = (
  graph: OnnxGraph,
  opType: string,
  inputs: readonly OnnxValue[],
  attributes = {},
  rank = inputs[0]!.rank,
) => graph.one(opType, inputs, attributes, { dtype: 'f32', rank });

/** The ways in which exporters write a bias `[1, 8H]` that is not an initialiser. */
const biases: Readonly<Record<string, (graph: OnnxGraph) => OnnxValue>> = {
  Identity: (graph) => same(graph, 'Identity', [weight(graph, 1, 8 * H)]),
  Concat: (graph) => same(graph, 'Concat', [weight(graph, 1, 3 * H), weight(graph, 1, 5 * H)], { axis: 1 }),
  Slice: (graph) =>
    same(graph, 'Slice', [weight(graph, 3, 8 * H), graph.integers([-1]), graph.integers([99]), graph.integers([0])]),
  Transpose: (graph) => same(graph, 'Transpose', [weight(graph, 8 * H, 1)]),
  Unsqueeze: (graph) => same(graph, 'Unsqueeze', [weight(graph, 8 * H), graph.integers([0])], {}, 2),
  'Gather, Reshape and Mul': (graph) =>
    same(graph, 'Mul', [
      same(graph, 'Reshape', [
        same(graph, 'Gather', [weight(graph, 4 * H, 3), graph.integers([2, -3])], { axis: 1 }),
        graph.integers([1, -1]),
      ]),
      graph.floats(Float32Array.of(0.5), []),
    ]),
  'a zero that is stretched': (graph) =>
    same(graph, 'Expand', [graph.floats(Float32Array.of(0.25), [1, 1]), graph.integers([1, 8 * H])]),
};

function lstm(graph: OnnxGraph, bias: OnnxValue, w = weight(graph, 1, 4 * H, D), r = weight(graph, 1, 4 * H, H)): void {
  const input = graph.input('x', 'f32', ['T', 'N', D]);
  graph.output('y', graph.one('LSTM', [input, w, r, bias], { hidden_size: H }, { dtype: 'f32', rank: 4 }));
}

describe('weights that are computed from those of the file', () => {
  it.each(Object.entries(biases))('a bias by %s is part of the cell', async (_, bias) => {
    const file = await exportOnnxGraph((graph) => lstm(graph, bias(graph)));
    await expectSameAnswers(file, { x });
    using model = importOnnx(file, { backend: cpu });
    // The cell has taken everything in: nothing is computed again in each call, and nothing is a parameter twice.
    expect(model.namedParameters().map(([name]) => name.replace(/^lstm\.\d+\./, ''))).toEqual(
      ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => `cells.0.${name}`),
    );
  });

  it('weights that nobody knows while the file is read: the same equations, step by step, from inputs', async () => {
    const file = await exportOnnxGraph((graph) => {
      lstm(
        graph,
        graph.input('b', 'f32', [1, 8 * H]),
        graph.input('w', 'f32', [1, 4 * H, D]),
        graph.input('r', 'f32', [1, 4 * H, H]),
      );
    });
    await expectSameAnswers(file, {
      x,
      b: draws.floats(1, 8 * H),
      w: draws.floats(1, 4 * H, D),
      r: draws.floats(1, 4 * H, H),
    });
  });

  it('a product with a turned weight stays trainable under the name of the file', async () => {
    const file = await exportOnnxGraph((graph) => {
      const turned = same(graph, 'Transpose', [weight(graph, 6, D)], { perm: [1, 0] });
      graph.output('y', same(graph, 'MatMul', [graph.input('x', 'f32', ['T', 'N', D]), turned]));
    });
    await expectSameAnswers(file, { x });
    using model = importOnnx(file, { backend: reference });
    using _scope = openScope(reference);
    const { y } = model.forward({ x: tensor(reference, x.data, { shape: x.shape }) });
    mean(square(y!)).backward();
    const [weights] = model.namedParameters();
    expect([weights![0], weights![1].shape]).toEqual(['constant_1', [6, D]]);
    expect(weights![1].grad).not.toBeNull();
  });

  it('running means are buffers, a scale is a parameter', async () => {
    const file = await exportOnnxGraph((graph) => {
      const vectors = [0, 1, 2, 3].map(() =>
        graph.floats(
          Float32Array.from({ length: D }, () => 0.5 + draws.generator.uniform()),
          [D],
        ),
      );
      const channels = same(graph, 'Transpose', [graph.input('x', 'f32', ['T', 'N', D])], { perm: [1, 2, 0] });
      graph.output('y', same(graph, 'BatchNormalization', [channels, ...vectors]));
    });
    await expectSameAnswers(file, { x });
    using model = importOnnx(file, { backend: cpu });
    expect(model.namedParameters().map(([name]) => name)).toEqual(['constant_1', 'constant_2']);
    expect(model.namedBuffers().map(([name]) => name)).toEqual(['constant_3', 'constant_4']);
  });

  it('an output that is an input or a weight is a tensor of its own', async () => {
    const file = await exportOnnxGraph((graph) => {
      const given = graph.input('x', 'f32', [2]);
      const kept = weight(graph, 2);
      for (const [name, value] of [
        ['a', given],
        ['b', given],
        ['c', kept],
        ['d', kept],
      ] as const)
        graph.output(name, value);
    });
    using model = importOnnx(file, { backend: cpu });
    const fed = tensor(cpu, [1, 2]);
    const first = model.forward({ x: fed });
    for (const value of Object.values(first)) value.dispose();
    const second = model.forward({ x: fed });
    expect([...(await second['b']!.data())]).toEqual([1, 2]);
    expect(await second['c']!.data()).toEqual(await second['d']!.data());
    for (const value of [fed, ...Object.values(second)]) value.dispose();
  });
});

describe('weights in another file', () => {
  const split = async (): Promise<{ file: Uint8Array; data: Uint8Array; whole: Uint8Array }> => {
    const whole = await exportOnnxGraph((graph) => lstm(graph, weight(graph, 1, 8 * H)));
    const parts: number[] = [];
    const file = editModel(whole, ({ graph }) => {
      for (const initializer of graph!.initializer) {
        while (parts.length % 64 !== 0) parts.push(0);
        const length = initializer.rawData.length;
        initializer.externalData = Object.entries({ location: 'weights.bin', offset: parts.length, length }).map(
          ([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto', key, value: String(value) }),
        );
        initializer.dataLocation = 1;
        parts.push(...initializer.rawData);
        initializer.rawData = new Uint8Array();
      }
    });
    return { file, data: Uint8Array.from(parts), whole };
  };

  it('are read from bytes, from an object and by a function', async () => {
    const { file, data, whole } = await split();
    const answer = async (externalData: Parameters<typeof importOnnx>[1]['externalData'], bytes = file) => {
      using model = importOnnx(bytes, { backend: cpu, externalData });
      using _scope = openScope(cpu, { gradient: false });
      return [...(await model.forward({ x: tensor(cpu, x.data, { shape: x.shape }) })['y']!.data())];
    };
    const expected = await answer(undefined, whole);
    const asked: string[] = [];
    const byName = (name: string) => {
      asked.push(name);
      return data;
    };
    for (const source of [data, Buffer.from(data), data.slice().buffer, { 'weights.bin': data }, byName])
      expect(await answer(source)).toEqual(expected);
    expect(asked).toEqual(['weights.bin']);
  });

  it('are named where they were not given, are too short, or are of another kind', async () => {
    const { file, data } = await split();
    const read = (externalData: unknown) => () =>
      importOnnx(file, { backend: cpu, externalData: externalData as Uint8Array });
    expect(read(undefined)).toThrow(/stored in the file 'weights.bin'.*externalData: \{ 'weights.bin': bytes \}/);
    expect(read({ 'other.bin': data })).toThrow(expect.objectContaining({ code: 'MISSING_TENSOR' }));
    expect(read(data.subarray(0, 70))).toThrow(/of 'weights.bin', which has 70/);
    for (const wrong of ['weights.bin', 5, [data], Promise.resolve(data)])
      expect(read(wrong)).toThrow(expect.objectContaining({ name: 'ArgumentError' }));
  });
});

describe('the bytes of a file', () => {
  it('in every form', async () => {
    const file = await exportOnnxGraph((graph) => lstm(graph, weight(graph, 1, 8 * H)));
    const padded = new Uint8Array(file.length + 13);
    padded.set(file, 5);
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    for (const bytes of [
      file,
      Buffer.from(file),
      padded.subarray(5, 5 + file.length),
      file.slice().buffer,
      shared,
      shared.buffer,
      new DataView(padded.buffer, 5, file.length),
    ])
      importOnnx(bytes, { backend: cpu }).dispose();
    for (const wrong of ['model.onnx', null, 5, {}, Promise.resolve(file)])
      expect(() => importOnnx(wrong as never, { backend: cpu })).toThrow(
        expect.objectContaining({ name: 'ArgumentError' }),
      );
    expect(() => importOnnx(file, { backend: cpu, externaldata: file } as never)).toThrow(
      /unknown option externaldata; did you mean externalData/,
    );
    expect(() => importOnnx(file, undefined as never)).toThrow(expect.objectContaining({ name: 'ArgumentError' }));
  });
});
