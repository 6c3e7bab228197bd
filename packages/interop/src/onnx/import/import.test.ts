import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, mean, openScope, relu, square, tensor, type State, type Tensor } from '@timestep/core';
import {
  Conv1d,
  Embedding,
  GRU,
  LayerNorm,
  Linear,
  LSTM,
  ManyToOne,
  Parameter,
  RNN,
  Sequential,
  type Module,
} from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../../test-support/compare.ts';
import { fixture, jsonFixture } from '../../test-support/fixtures.ts';
import { runOnnx } from '../../test-support/onnx-runtime.ts';
import { exportOnnx } from '../export/export.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from '../export/graph.ts';
import { importOnnx } from './import.ts';

const backend = createReferenceBackend();
const generator = new Generator(12);
const [T, N, D, H] = [6, 3, 4, 5];
const shared = { backend, generator, inputSize: D, hiddenSize: H };

function randomize<Model extends Module>(model: Model): Model {
  for (const parameter of model.parameters())
    parameter.assign(Float32Array.from({ length: parameter.size }, () => generator.normal(0, 0.5)));
  return model.eval();
}

describe('models that PyTorch exported', () => {
  const answers = jsonFixture<Record<string, { shape: number[]; x: number[]; y: number[] }>>('pytorch-onnx.json');
  it.each(['lstm', 'gru', 'rnn', 'lstm-traced', 'gru-traced', 'rnn-traced'])(
    '%s: the answers of PyTorch and of ONNX Runtime',
    async (name) => {
      const { shape, x, y } = answers[name.replace('-traced', '')]!;
      const file = fixture(`pytorch-${name}.onnx`);
      const model = importOnnx(file, { backend });
      using _scope = openScope(backend, { gradient: false });
      const here = await model.forward({ x: tensor(backend, Float32Array.from(x), { shape }) })['y']!.data();
      expectClose(here, y, 'PyTorch', { absolute: 1e-5 });
      expectClose(
        here,
        (await runOnnx(file, { x: { data: Float32Array.from(x), shape } }))['y']!.data,
        'ONNX Runtime',
        { absolute: 1e-5 },
      );
      model.dispose();
    },
  );

  it('can be trained on, saved, and run with other sizes', async () => {
    const model = importOnnx(fixture('pytorch-gru.onnx'), { backend });
    expect(model.inputs).toEqual([{ name: 'x', shape: ['N', 'T', 4] }]);
    expect(model.parameters().every((parameter) => parameter instanceof Parameter)).toBe(true);
    expect((await model.stateDict()).get('gru.10.cells.0.weight_ih')?.shape).toEqual([9, 4]);
    using _scope = openScope(backend);
    const { y } = model.forward({ x: tensor(backend, new Float32Array(2 * 9 * 4).fill(0.5), { shape: [2, 9, 4] }) });
    expect(y!.shape).toEqual([2, 2]);
    mean(square(y!)).backward();
    expect(model.parameters().filter(({ grad }) => grad).length).toBe(8);
    model.dispose();
  });
});

describe('models that were exported here come back equal', () => {
  type Model = Module & { forward(x: Tensor, options: object): Tensor | { output: Tensor; state: State } };
  const models: Readonly<Record<string, () => Model>> = {
    'LSTM, peepholes, both directions, 2 layers': () =>
      new LSTM({ ...shared, peepholes: true, bidirectional: true, numLayers: 2 }),
    'LSTM, coupled gates, no biases': () => new LSTM({ ...shared, coupledGates: true, bias: false }),
    'GRU, reset before': () => new GRU({ ...shared, reset: 'before' }),
    'GRU, reset after, both directions, residual': () =>
      new GRU({ ...shared, bidirectional: true, numLayers: 3, residual: true }),
    'many to one, the last of both directions': () =>
      new ManyToOne({ backend, layer: new GRU({ ...shared, bidirectional: true }), outputSize: 2 }),
    'many to one, the largest': () => new ManyToOne({ backend, layer: new GRU(shared), outputSize: 2, pool: 'max' }),
    'many to one, the mean': () => new ManyToOne({ backend, layer: new GRU(shared), outputSize: 2, pool: 'mean' }),
    'RNN, relu': () => new RNN({ ...shared, activation: 'relu' }),
    'convolution, norm and head': () =>
      new Sequential(
        new Conv1d({ backend, generator, inputSize: D, outputSize: 6, kernelSize: 3, stride: 2, padding: 1 }),
        relu,
        new GRU({ ...shared, inputSize: 6 }),
        new LayerNorm({ backend, size: H }),
        new Linear({ backend, generator, inputSize: H, outputSize: 2 }),
      ),
  };
  it.each(Object.entries(models))('%s, with lengths and without', async (_, make) => {
    const model = randomize(make());
    const x = tensor(
      backend,
      Float32Array.from({ length: T * N * D }, () => generator.normal()),
      { shape: [T, N, D] },
    );
    for (const lengths of [null, [4, 6, 0]]) {
      const back = importOnnx(await exportOnnx(model, { lengths: lengths !== null }), { backend });
      using _scope = openScope(backend, { gradient: false });
      const made = model.forward(x, { lengths });
      const expected: Record<string, Tensor> =
        'output' in made
          ? {
              output: made.output,
              ...Object.fromEntries(Object.entries(made.state).map(([name, part]) => [`state_${name}`, part])),
            }
          : { output: made };
      const got = back.forward({ x, ...(lengths ? { lengths } : {}) });
      for (const [name, value] of Object.entries(expected))
        expectClose(await got[name]!.data(), await value.data(), name, { relative: 1e-9, absolute: 1e-9 });
      back.dispose();
    }
    model.dispose();
  });

  it('an embedding of tokens, whose range is checked', async () => {
    const model = randomize(
      new Sequential(new Embedding({ backend, generator, numEmbeddings: 7, embeddingSize: D }), new LSTM(shared)),
    );
    const back = importOnnx(await exportOnnx(model), { backend });
    using _scope = openScope(backend, { gradient: false });
    const tokens = tensor(backend, Int32Array.of(0, 6, 3, 3, 1, 2), { shape: [3, 2] });
    expectClose(await back.forward({ x: tokens })['output']!.data(), await model.forward(tokens).data());
  });
});

it('slices backwards, as PyTorch turns a sequence round, give what ONNX Runtime gives', async () => {
  const far = -9_000;
  for (const [start, end] of [
    [-1, far],
    [4, 1],
    [9_000, -3],
    [0, far],
    [2, 4],
  ] as const) {
    const file = await exportOnnxGraph((graph) => {
      const sliced = (value: OnnxValue) =>
        graph.one(
          'Slice',
          [value, graph.integers([start]), graph.integers([end]), graph.integers([0]), graph.integers([-1])],
          {},
          value,
        );
      const x = graph.input('x', 'f32', [5, 2]);
      graph.output('y', sliced(x));
      // The same of whole numbers on the host.
      graph.output(
        'z',
        graph.one('Cast', [sliced(graph.integers([10, 11, 12, 13, 14]))], { to: 1 }, { dtype: 'f32', rank: 1 }),
      );
    });
    const data = Float32Array.from({ length: 10 }, (_, k) => k);
    const there = await runOnnx(file, { x: { data, shape: [5, 2] } });
    const model = importOnnx(file, { backend });
    using _scope = openScope(backend, { gradient: false });
    const here = model.forward({ x: tensor(backend, data, { shape: [5, 2] }) });
    for (const name of ['y', 'z']) {
      expect(here[name]!.shape, `${name}, ${start} to ${end}`).toEqual(there[name]!.shape);
      expect([...(await here[name]!.data())], `${name}, ${start} to ${end}`).toEqual([...there[name]!.data]);
    }
    model.dispose();
  }
});

describe('what cannot be read is named', () => {
  it('an unknown operator, an unknown attribute, an operator set too old for an operator, a string', async () => {
    const x = (graph: OnnxGraph) => graph.input('x', 'f32', ['N']);
    const made = (opType: string, attributes: Record<string, number>) =>
      exportOnnxGraph((graph) =>
        graph.output('y', graph.one(opType, [x(graph)], attributes, { dtype: 'f32', rank: 1 })),
      );
    for (const [file, message] of [
      [await made('Det', {}), /node 0 \(Det 'det_1_node'\) is an operator that cannot be read/],
      [
        await made('Softmax', { axes: 1 }),
        /node 0 \(Softmax '.*'\) has the attribute 'axes', which cannot be read; known are axis/,
      ],
      [await made('Gelu', {}), /node 0 \(Gelu '.*'\) is of operator set 17; Gelu can be read from 20 on/],
    ] as const)
      expect(() => importOnnx(file, { backend })).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_MODEL', message: expect.stringMatching(message) as unknown }),
      );
  });
  it('wrong inputs, and lengths on the device', async () => {
    const model = importOnnx(await exportOnnx(new LSTM(shared), { lengths: true }), { backend });
    const x = tensor(backend, new Float32Array(T * N * D), { shape: [T, N, D] });
    expect(() => model.forward({ x })).toThrow(/expected the inputs x, lengths, got x/);
    expect(() => model.forward({ x, lengths: tensor(backend, Int32Array.of(1, 2, 3)) })).toThrow(
      /node 8 \(Max '.*'\) computes with i64 on a device that cannot be read synchronously; pass integers to forward\(\) as arrays/,
    );
    expect(() => model.forward({ x, lengths: [1, 2, 99] })).toThrow(
      /sequence_lens \[1, 2, 99\] for 3 sequences of 6 steps/,
    );
  });
  it('a file that is not a model', () => {
    for (const bytes of [[], [1, 2, 3], [8, 8]])
      expect(() => importOnnx(Uint8Array.from(bytes), { backend })).toThrow(
        expect.objectContaining({ code: 'MALFORMED_FILE' }),
      );
  });
});
