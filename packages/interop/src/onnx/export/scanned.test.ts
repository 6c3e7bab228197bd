import { add, multiply, relu, softplus, tanh, type State, type Tensor } from '@timestep/core';
import {
  Cell,
  ConvLSTM,
  FiniteImpulse,
  FullyRecurrent,
  GRUCell,
  IndRNN,
  Jordan,
  LSTM,
  LSTMCell,
  MGU,
  MinGRU,
  MinLSTM,
  Parameter,
  Recurrent,
  RNNCell,
  type StackOptions,
} from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import {
  backend,
  drawsOf,
  expectAgreement,
  expectOutputs,
  put,
  type SequenceModel,
} from '../../test-support/agreement.ts';
import type { HostInput } from '../../test-support/onnx-runtime.ts';
import type { OnnxCellStep } from './onnx-cell.ts';
import { exportOnnx } from './export.ts';
import { exportOnnxGraph, type OnnxGraph, type OnnxValue } from './graph.ts';
import { exportLayer } from './layers.ts';

const { generator, floats, randomize } = drawsOf(31);
const [T, N, D, H] = [7, 4, 3, 5];
const lengths = [4, 7, 0, 1];
const shared = { backend, generator, inputSize: D, hiddenSize: H };

/** A cell of a user's own that says what its step is in ONNX: h' = tanh(x∘w + h). */
class OwnCell extends Cell<{ h: Tensor; total: Tensor }> {
  readonly outputSize = D;
  readonly stateShapes = { h: [D], total: [] };
  readonly inputSize: number;
  weight: Parameter;

  constructor(inputSize: number) {
    super();
    this.inputSize = inputSize;
    this.weight = new Parameter(backend, [D], new Float32Array(D));
  }

  step(x: Tensor, { h, total }: { h: Tensor; total: Tensor }) {
    const next = tanh(add(multiply(x, this.weight), h));
    return { output: next, state: { h: next, total: add(total, total) } };
  }

  onnx(graph: OnnxGraph, x: OnnxValue, { h, total }: OnnxCellStep['state']): OnnxCellStep {
    const weight = graph.parameter('own', [this.weight], [D], ([contents]) => contents!);
    const next = graph.one('Tanh', [graph.one('Add', [graph.one('Mul', [x, weight], {}, x), h!], {}, x)], {}, x);
    return { output: next, state: { h: next, total: graph.one('Add', [total!, total!], {}, total!) } };
  }
}

const kinds: Readonly<Record<string, (stack: Omit<StackOptions, 'inputSize'>) => SequenceModel>> = {
  'LSTM, projected': (stack) => new LSTM({ ...shared, ...stack, projectionSize: 2 }),
  'LSTM, projected, peepholes, coupled gates': (stack) =>
    new LSTM({ ...shared, ...stack, projectionSize: 2, peepholes: true, coupledGates: true }),
  'LSTM, layer-normalised': (stack) => new LSTM({ ...shared, ...stack, layerNorm: true }),
  'LSTM, layer-normalised, no biases, peepholes, projected': (stack) =>
    new LSTM({ ...shared, ...stack, layerNorm: true, bias: false, peepholes: true, projectionSize: 3 }),
  MGU: (stack) => new MGU({ ...shared, ...stack }),
  'MGU without biases': (stack) => new MGU({ ...shared, ...stack, bias: false }),
  'IndRNN, relu': (stack) => new IndRNN({ ...shared, ...stack }),
  'IndRNN, tanh': (stack) => new IndRNN({ ...shared, ...stack, activation: 'tanh' }),
  FullyRecurrent: (stack) => new FullyRecurrent({ ...shared, ...stack }),
  'FullyRecurrent, softplus, fewer outputs': (stack) =>
    new FullyRecurrent({ ...shared, ...stack, outputSize: 2, activation: softplus }),
  Jordan: (stack) => new Jordan({ ...shared, ...stack, outputSize: 2 }),
  'Jordan, other functions': (stack) =>
    new Jordan({ ...shared, ...stack, outputSize: 2, decay: 0.8, activation: relu, outputActivation: tanh }),
  MinGRU: (stack) => new MinGRU({ ...shared, ...stack }),
  MinLSTM: (stack) => new MinLSTM({ ...shared, ...stack, bias: false }),
  'your own cell': (stack) => new Recurrent({ ...stack, inputSize: D, cell: (inputSize) => new OwnCell(inputSize) }),
};

const stacks = [
  {},
  { bidirectional: true },
  { numLayers: 3, residual: true },
  { numLayers: 2, bidirectional: true, dropout: 0.5 },
];

describe.each(Object.entries(kinds))('%s as ONNX Runtime runs it', (name, make) => {
  // The own cell's weight has the width of one direction.
  it.each(name === 'your own cell' ? [stacks[0]!, stacks[2]!] : stacks)(
    '%j, with lengths and without',
    async (stack) => {
      for (const given of [null, lengths]) await expectAgreement(randomize(make(stack)), floats(T, N, D), given);
    },
  );
});

describe('inputs of ±3,000 saturate every gate', () => {
  const bounded = ['LSTM, layer-normalised', 'MGU', 'IndRNN, tanh', 'Jordan', 'MinGRU', 'MinLSTM'];

  it.each(bounded)('%s as ONNX Runtime runs it', async (name) => {
    const x = floats(T, N, D);
    for (let i = 0; i < x.data.length; i++) x.data[i] = i % 3 === 0 ? -3000 : 3000;
    await expectAgreement(randomize(kinds[name]!({})), x, null);
  });
});

describe('systems of another form', () => {
  it.each([{}, { peepholes: true, bidirectional: true }, { numLayers: 2, residual: true, kernelSize: 1 }])(
    'ConvLSTM, %j',
    async (options) => {
      const layer = randomize(
        new ConvLSTM({ backend, generator, inputChannels: 2, hiddenChannels: 3, imageSize: [3, 4], ...options }),
      );
      for (const given of [null, lengths]) await expectAgreement(layer, floats(T, N, 2, 3, 4), given);
    },
  );

  it.each([1, 3])('FiniteImpulse of %i taps: each layer has its delay line', async (taps) => {
    const layer = randomize(new FiniteImpulse({ ...shared, taps, numLayers: 2 }));
    const x = floats(T, N, D);
    for (const given of [null, lengths]) {
      const feeds = { x, ...(given ? { lengths: { data: Int32Array.from(given), shape: [N] } } : {}) };
      await expectOutputs(await exportOnnx(layer, { lengths: given !== null }), feeds, () => {
        const { output, state } = layer.forward(put(x), { lengths: given });
        return { output, state_taps_l0: state[0]!.taps, state_taps_l1: state[1]!.taps };
      });
    }
  });

  it('directions of different kinds: each runs by itself', async () => {
    const gru = new Recurrent({
      inputSize: D,
      numLayers: 2,
      bidirectional: true,
      cell: (inputSize, { reverse }) => new GRUCell({ ...shared, inputSize, reset: reverse ? 'before' : 'after' }),
    });
    const rnn = new Recurrent({
      inputSize: D,
      bidirectional: true,
      cell: (inputSize, { reverse }) => new RNNCell({ ...shared, inputSize, activation: reverse ? 'relu' : 'tanh' }),
    });
    const lstm = new Recurrent({
      inputSize: D,
      bidirectional: true,
      cell: (inputSize, { reverse }) => new LSTMCell({ ...shared, inputSize, peepholes: reverse }),
    });
    for (const model of [gru, rnn, lstm])
      for (const given of [null, lengths])
        await expectAgreement(randomize(model as unknown as SequenceModel), floats(T, N, D), given);
  });
});

describe('the state before the first step', () => {
  it('comes in, and the lengths of T and N are free', async () => {
    const layer = randomize(new MGU({ ...shared, numLayers: 2, bidirectional: true }));
    const file = await exportOnnxGraph((graph) => {
      const x = graph.input('x', 'f32', ['T', 'N', D]);
      const { output, state } = exportLayer(graph, layer, x, { state: { h: graph.input('h', 'f32', [4, 'N', H]) } });
      graph.output('output', output);
      graph.output('state_h', state!['h']!);
    });
    for (const [steps, batch] of [
      [3, 2],
      [6, 4],
      [1, 1],
    ] as const) {
      const [x, h] = [floats(steps, batch, D), floats(4, batch, H)];
      await expectOutputs(file, { x, h }, () => {
        const { output, state } = layer.forward(put(x), { state: { h: put(h) } });
        return { output, state_h: state.h };
      });
    }
  });

  it('stays as it was for a sequence of no steps, also through the operators of ONNX', async () => {
    const layer = randomize(new LSTM(shared));
    const file = await exportOnnxGraph((graph) => {
      const [x, counts] = [graph.input('x', 'f32', ['T', 'N', D]), graph.input('lengths', 'i32', ['N'])];
      const state = { h: graph.input('h', 'f32', [1, 'N', H]), c: graph.input('c', 'f32', [1, 'N', H]) };
      const made = exportLayer(graph, layer, x, { lengths: counts, state });
      graph.output('state_h', made.state!['h']!);
      graph.output('state_c', made.state!['c']!);
    });
    const [x, h, c] = [floats(T, N, D), floats(1, N, H), floats(1, N, H)];
    const feeds: Record<string, HostInput> = { x, h, c, lengths: { data: Int32Array.from(lengths), shape: [N] } };
    await expectOutputs(file, feeds, () => {
      const { state } = layer.forward(put(x), { lengths, state: { h: put(h), c: put(c) } });
      return { state_h: state.h, state_c: state.c };
    });
  });

  it('of a cell’s own making is asked for', async () => {
    class Primed extends OwnCell {
      override initialState(batch: number): { h: Tensor; total: Tensor } {
        return super.initialState(batch, backend);
      }
    }
    const layer = new Recurrent<State>({
      inputSize: D,
      cell: (inputSize) => new Primed(inputSize),
    });
    await expect(exportOnnx(layer)).rejects.toThrow(
      /the cell Primed has a custom initial state; add an input for it to the graph/,
    );
  });
});
