import {
  absolute,
  ceil,
  cos,
  exp,
  expm1,
  floor,
  gatherRows,
  log,
  log1p,
  logSoftmax,
  negative,
  openScope,
  reciprocal,
  relu,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softmax,
  softplus,
  sqrt,
  square,
  tanh,
  tensor,
  type Tensor,
} from '@timestep/core';
import { Conv1d, Dropout, Embedding, GRU, LayerNorm, Linear, LSTM, Module, RNN, Sequential } from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import { backend, drawsOf, expectAgreement, type SequenceModel } from '../../test-support/agreement.ts';
import { expectClose } from '../../test-support/compare.ts';
import { runOnnx, type HostInput } from '../../test-support/onnx-runtime.ts';
import { exportOnnx } from './export.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from './graph.ts';
import { exportLayer } from './layers.ts';

const { generator, floats: randomFloats, randomize } = drawsOf(11);
const [T, N, D, H] = [7, 3, 4, 5];
const lengths = [4, 7, 0];
const shared = { backend, generator, inputSize: D, hiddenSize: H };

const recurrents: Readonly<Record<string, () => SequenceModel>> = {
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

const functions = {
  absolute,
  ceil,
  cos,
  exp,
  expm1,
  floor,
  log,
  log1p,
  logSoftmax,
  negative,
  reciprocal,
  relu,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softmax,
  softplus,
  sqrt,
  square,
  tanh,
};

describe.each(Object.entries(recurrents))('%s as ONNX Runtime runs it', (_, make) => {
  it.each([{ given: null }, { given: lengths }])('with lengths $given', async ({ given }) =>
    expectAgreement(randomize(make()).eval(), randomFloats(T, N, D), given),
  );
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
    const tokens = {
      shape: [T, N],
      data: Int32Array.from({ length: T * N }, () => Math.floor(generator.uniform() * 9)),
    };
    for (const given of [null, lengths]) await expectAgreement(randomize(model).eval(), tokens, given);
  });

  it.each([
    { stride: 2, padding: 1, kernelSize: 3, dilation: 1 },
    { stride: 3, padding: 0, kernelSize: 2, dilation: 2 },
    { stride: 1, padding: 'same' as const, kernelSize: 4, dilation: 1 },
  ])('a convolution that maps lengths before a GRU: %j', async (options) => {
    const model = randomize(
      new Sequential(
        new Conv1d({ backend, generator, inputSize: D, outputSize: 6, ...options }),
        relu,
        new GRU({ backend, generator, inputSize: 6, hiddenSize: H }),
      ),
    );
    await expectAgreement(model.eval(), randomFloats(T, N, D), null);
    await expectAgreement(model.eval(), randomFloats(T, N, D), [6, 7, 5]);
    await expectAgreement(model.eval(), randomFloats(T, N, D), [0, 1, 7]);
  });

  it('a convolution in a Sequential of its own, and a module that skips steps in its own way', async () => {
    class Halved extends Module {
      forward(x: Tensor): Tensor {
        const steps = Math.floor(x.shape[0]! / 2);
        return gatherRows(
          x,
          tensor(
            backend,
            Int32Array.from({ length: steps }, (_, t) => 2 * t),
          ),
        );
      }

      outputLengths(given: ArrayLike<number>): Int32Array {
        return Int32Array.from(given, (length) => Math.floor(length / 2));
      }

      onnx(graph: OnnxGraph, x: OnnxValue): OnnxValue {
        return graph.one(
          'Slice',
          [x, graph.integers([0]), graph.integers([-1]), graph.integers([0]), graph.integers([2])],
          {},
          x,
        );
      }
    }
    class Mapped extends Halved {
      onnxLengths(graph: OnnxGraph, given: OnnxValue): OnnxValue {
        const wide = graph.one('Cast', [given], { to: 7 }, { dtype: 'i64', rank: 1 });
        return graph.one(
          'Cast',
          [graph.one('Div', [wide, graph.integers(2)], {}, wide)],
          { to: 6 },
          { dtype: 'i32', rank: 1 },
        );
      }
    }
    const inner = () =>
      new Sequential(
        new Conv1d({ backend, generator, inputSize: D, outputSize: D, kernelSize: 3, stride: 2, padding: 1 }),
        relu,
      );
    await expectAgreement(
      randomize(new Sequential(inner(), new GRU({ ...shared, bidirectional: true }))).eval(),
      randomFloats(T, N, D),
      [7, 3, 0],
    );
    const file = exportOnnx(new Sequential(new Halved(), new GRU(shared)), {
      lengths: true,
      input: { shape: ['T', 'N', D] },
    });
    await expect(file).rejects.toThrow(
      /Halved changes the lengths with a custom outputLengths; give it a method onnxLengths/,
    );
    await expectAgreement(
      randomize(
        new Sequential(new LayerNorm({ backend, size: D }), new Mapped(), new GRU({ ...shared, bidirectional: true })),
      ).eval(),
      randomFloats(T, N, D),
      [7, 3, 2],
    );
  });

  it('a norm without parameters, a head without a bias, and a plain function', async () => {
    const model = new Sequential(
      new LayerNorm({ backend, size: D, affine: false }),
      exp,
      new Linear({ backend, generator, inputSize: D, outputSize: 2, bias: false }),
    );
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
    for (const [steps, batch] of [
      [3, 2],
      [6, 4],
    ] as const) {
      const [x, h, c] = [randomFloats(steps, batch, D), randomFloats(2, batch, H), randomFloats(2, batch, H)];
      const there = await runOnnx(file, { x, h, c });
      using _scope = openScope(backend, { gradient: false });
      const put = ({ data, shape }: HostInput) => tensor(backend, data, { shape });
      expectClose(
        there['c_next']!.data,
        await layer.forward(put(x), { state: { h: put(h), c: put(c) } }).state.c.data(),
        'c',
        { absolute: 1e-5 },
      );
    }
  });

  it.each(Object.entries(functions))('the function %s', async (_, run) => {
    // Above 0, where all of them are defined and none is steep.
    await expectAgreement(
      new Sequential(new Linear({ backend, generator, inputSize: D, outputSize: 6 }), softplus, run),
      randomFloats(T, N, D),
      null,
    );
  });

  it('an output may have the name of an operator', async () => {
    const file = await exportOnnxGraph((graph) =>
      graph.output('tanh', graph.one('Tanh', [graph.input('x', 'f32', ['N'])], {}, { dtype: 'f32', rank: 1 })),
    );
    expect((await runOnnx(file, { x: { data: Float32Array.of(0.5), shape: [1] } }))['tanh']!.data[0]).toBeCloseTo(
      Math.tanh(0.5),
      6,
    );
  });

  it('your own module by its method onnx', async () => {
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
