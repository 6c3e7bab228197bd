import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { exp, Generator, openScope, relu, softmax, tensor, type State, type Tensor } from '@timestep/core';
import { Cell, Conv1d, Dropout, Embedding, GRU, LayerNorm, Linear, LSTM, Module, Recurrent, RNN, Sequential } from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../../test-support/compare.ts';
import { runOnnx, type HostInput } from '../../test-support/onnx-runtime.ts';
import { exportOnnx, exportOnnxGraph } from './export.ts';
import { exportLayer } from './layers.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';

const backend = createReferenceBackend();
const generator = new Generator(11);
const [T, N, D, H] = [7, 3, 4, 5];
const lengths = [4, 7, 1];
const shared = { backend, generator, inputSize: D, hiddenSize: H };

function randomFloats(...shape: number[]): { data: Float32Array; shape: number[] } {
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => generator.normal()) };
}

/** Weights of a size at which every gate matters. */
function randomize<Model extends Module>(model: Model): Model {
  for (const parameter of model.parameters()) parameter.assign(Float32Array.from({ length: parameter.size }, () => generator.normal(0, 0.5)));
  return model;
}

/** The same answer here and there, for every output; `lengths` is given to both. */
async function expectAgreement(model: Module & { forward(x: Tensor, options: object): Tensor | { output: Tensor; state: State } }, x: HostInput, given: readonly number[] | null): Promise<void> {
  const file = await exportOnnx(model, { lengths: given !== null });
  const there = await runOnnx(file, { x, ...(given ? { lengths: { data: Int32Array.from(given), shape: [given.length] } } : {}) });
  using _scope = openScope(backend, { gradient: false });
  const made = model.forward(tensor(backend, x.data, { shape: x.shape }), { lengths: given });
  const here = 'output' in made ? { output: made.output, ...Object.fromEntries(Object.entries(made.state).map(([name, part]) => [`state_${name}`, part])) } : { output: made };
  expect(Object.keys(there).sort()).toEqual(Object.keys(here).sort());
  for (const [name, value] of Object.entries(here)) {
    expect(there[name]!.shape, name).toEqual(value.shape);
    expectClose(there[name]!.data, await value.data(), name, { relative: 1e-5, absolute: 1e-5 });
  }
}

const recurrents: Readonly<Record<string, () => Module & { forward(x: Tensor, options: object): { output: Tensor; state: State } }>> = {
  LSTM: () => new LSTM(shared),
  'LSTM, 2 layers, both directions': () => new LSTM({ ...shared, numLayers: 2, bidirectional: true }),
  'LSTM without biases': () => new LSTM({ ...shared, bias: false }),
  'LSTM with peepholes, both directions': () => new LSTM({ ...shared, peepholes: true, bidirectional: true }),
  'LSTM with coupled gates': () => new LSTM({ ...shared, coupledGates: true }),
  'GRU, reset after': () => new GRU(shared),
  'GRU, reset before, 2 layers': () => new GRU({ ...shared, reset: 'before', numLayers: 2 }),
  'GRU, both directions': () => new GRU({ ...shared, bidirectional: true }),
  'RNN, tanh, 3 residual layers': () => new RNN({ ...shared, numLayers: 3, residual: true }),
  'RNN, relu, both directions': () => new RNN({ ...shared, activation: 'relu', bidirectional: true }),
};

describe.each(Object.entries(recurrents))('%s as ONNX Runtime runs it', (_, make) => {
  it.each([{ given: null }, { given: lengths }])('with lengths $given', async ({ given }) => expectAgreement(randomize(make()).eval(), randomFloats(T, N, D), given));
});

describe('whole models as ONNX Runtime runs them', () => {
  it('an embedding, an LSTM, dropout, a norm and a head over tokens', async () => {
    const model = new Sequential(
      new Embedding({ backend, generator, numEmbeddings: 9, embeddingSize: D }),
      new LSTM({ ...shared, bidirectional: true, dropout: 0.5 }),
      new Dropout({ rate: 0.5 }),
      new LayerNorm({ backend, size: 2 * H, epsilon: 1e-3 }),
      new Linear({ backend, generator, inputSize: 2 * H, outputSize: 6 }),
      softmax,
    );
    const tokens = { shape: [T, N], data: Int32Array.from({ length: T * N }, () => Math.floor(generator.uniform() * 9)) };
    for (const given of [null, lengths]) await expectAgreement(randomize(model).eval(), tokens, given);
  });

  it.each([
    { stride: 2, padding: 1, kernelSize: 3, dilation: 1 },
    { stride: 3, padding: 0, kernelSize: 2, dilation: 2 },
    { stride: 1, padding: 'same' as const, kernelSize: 4, dilation: 1 },
  ])('a convolution that maps lengths before a GRU: %j', async (options) => {
    const model = randomize(new Sequential(new Conv1d({ backend, generator, inputSize: D, outputSize: 6, ...options }), relu, new GRU({ backend, generator, inputSize: 6, hiddenSize: H })));
    await expectAgreement(model.eval(), randomFloats(T, N, D), null);
    await expectAgreement(model.eval(), randomFloats(T, N, D), [6, 7, 5]);
  });

  it('a norm without parameters, a head without a bias, and a plain function', async () => {
    const model = new Sequential(new LayerNorm({ backend, size: D, affine: false }), exp, new Linear({ backend, generator, inputSize: D, outputSize: 2, bias: false }));
    await expectAgreement(model, randomFloats(T, N, D), null);
  });

  it('an initial state comes in, a final state goes out, and axes are free', async () => {
    const layer = randomize(new LSTM({ ...shared, numLayers: 2 })).eval();
    const file = await exportOnnxGraph((graph) => {
      const x = graph.input('x', 'f32', ['T', 'N', D]);
      const state = { h: graph.input('h', 'f32', [2, 'N', H]), c: graph.input('c', 'f32', [2, 'N', H]) };
      const result = exportLayer(graph, layer, x, { state });
      graph.output('c_next', result.state!['c']!);
    });
    for (const [steps, batch] of [[3, 2], [6, 4]] as const) {
      const [x, h, c] = [randomFloats(steps, batch, D), randomFloats(2, batch, H), randomFloats(2, batch, H)];
      const there = await runOnnx(file, { x, h, c });
      using _scope = openScope(backend, { gradient: false });
      const put = ({ data, shape }: HostInput) => tensor(backend, data, { shape });
      expectClose(there['c_next']!.data, await layer.forward(put(x), { state: { h: put(h), c: put(c) } }).state.c.data(), 'c', { absolute: 1e-5 });
    }
  });

  it('a module of one’s own by its method onnx', async () => {
    class Twice extends Module {
      gru = randomize(new GRU({ ...shared, hiddenSize: D }));

      forward(x: Tensor): Tensor {
        return this.gru.forward(this.gru.forward(x).output).output;
      }

      onnx(graph: OnnxGraph, x: OnnxValue): OnnxValue {
        return exportLayer(graph, this.gru, exportLayer(graph, this.gru, x).output).output;
      }
    }
    const model = new Twice().eval();
    const x = randomFloats(T, N, D);
    const there = await runOnnx(await exportOnnx(model, { input: { shape: ['T', 'N', D] } }), { x });
    using _scope = openScope(backend, { gradient: false });
    expectClose(there['output']!.data, await model.forward(tensor(backend, x.data, { shape: x.shape })).data());
  });
});

describe('what cannot be exported is named', () => {
  class OwnCell extends Cell<{ h: Tensor }> {
    readonly inputSize = D;
    readonly outputSize = D;
    readonly stateShapes = { h: [D] };
    step(x: Tensor, { h }: { h: Tensor }) {
      return { output: x, state: { h } };
    }
  }
  const cases: [string, () => Promise<Uint8Array>, RegExp][] = [
    ['a projection', () => exportOnnx(new LSTM({ ...shared, projectionSize: 2 })), /no projection, and this one has weight_hr of shape \[2, 5\]/],
    ['norms inside a cell', () => exportOnnx(new LSTM({ ...shared, layerNorm: true })), /no norms inside/],
    ['a cell of one’s own', () => exportOnnx(new Recurrent({ cell: () => new OwnCell(), inputSize: D })), /no operator for the recurrent cell OwnCell/],
    ['an unknown function', () => exportOnnx(new Sequential(new Linear({ backend, inputSize: D, outputSize: 2 }), function cube(x) { return x; })), /no ONNX form of the function cube/],
  ];
  it.each(cases)('%s', async (_, run, message) => {
    await expect((async () => run())()).rejects.toMatchObject({ code: 'UNSUPPORTED_MODEL', message: expect.stringMatching(message) as unknown });
  });

  it('an input of unknown axes, two outputs of one name, no output', async () => {
    expect(() => exportOnnx(new Dropout({ rate: 0.5 }))).toThrow(/cannot be told from its layers; pass input/);
    expect(() => exportOnnxGraph((graph) => [1, 2].forEach(() => graph.input('x', 'f32', ['N'])))).toThrow(/expected a name of its own for a value, got 'x'/);
    await expect(exportOnnxGraph((graph) => void graph.input('x', 'f32', ['N']))).rejects.toThrow(/the graph has no output/);
  });
});
