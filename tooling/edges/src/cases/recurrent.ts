import { add, multiply, tanh, type Backend, type Generator, type State, type Tensor } from '@timestep/core';
import {
  Cell,
  ConvLSTM,
  FiniteImpulse,
  FiniteImpulseCell,
  FullyRecurrent,
  GRU,
  IndRNN,
  Jordan,
  LSTM,
  MGU,
  MinGRU,
  MinLSTM,
  Parameter,
  Recurrent,
  RNN,
  type StackOptions,
} from '@timestep/layers';
import { covers, type EdgeCase } from './case.ts';

type Options = Omit<StackOptions, 'inputSize' | 'generator'> & {
  readonly backend: Backend;
  readonly generator: Generator;
};
type Layer = Recurrent<State>;

/** A user's own cell. */
class LeakyCell extends Cell<{ h: Tensor }> {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly stateShapes;
  decay: Parameter;

  constructor(backend: Backend, size: number) {
    super();
    [this.inputSize, this.outputSize] = [size, size];
    this.stateShapes = { h: [size] };
    this.decay = new Parameter(backend, [size], new Float32Array(size).fill(0.7));
  }

  step(x: Tensor, { h }: { h: Tensor }) {
    const next = tanh(add(multiply(h, this.decay), multiply(x, x)));
    return { output: next, state: { h: next } };
  }
}

const [inputSize, hiddenSize] = [3, 4];

/**
 * Every recurrent layer with what it has of variants; a layer is over its cell, so both are covered. `sizeOfInput`: the
 * state has the size of the input, so that a layer over two directions has another one.
 */
const layers: Readonly<
  Record<string, { exports: string[]; make: (options: Options) => unknown; sizeOfInput?: boolean }>
> = {
  RNN: { exports: ['RNN', 'RNNCell', 'GatedCell', 'Cell'], make: (o) => new RNN({ ...o, inputSize, hiddenSize }) },
  'RNN, relu': { exports: [], make: (o) => new RNN({ ...o, inputSize, hiddenSize, activation: 'relu' }) },
  LSTM: { exports: ['LSTM', 'LSTMCell'], make: (o) => new LSTM({ ...o, inputSize, hiddenSize }) },
  'LSTM, peepholes': { exports: [], make: (o) => new LSTM({ ...o, inputSize, hiddenSize, peepholes: true }) },
  'LSTM, coupled gates': { exports: [], make: (o) => new LSTM({ ...o, inputSize, hiddenSize, coupledGates: true }) },
  'LSTM, projection': { exports: [], make: (o) => new LSTM({ ...o, inputSize, hiddenSize, projectionSize: 2 }) },
  'LSTM, layer norm': { exports: [], make: (o) => new LSTM({ ...o, inputSize, hiddenSize, layerNorm: true }) },
  'LSTM, weight dropout': { exports: [], make: (o) => new LSTM({ ...o, inputSize, hiddenSize, weightDropout: 0.3 }) },
  GRU: { exports: ['GRU', 'GRUCell'], make: (o) => new GRU({ ...o, inputSize, hiddenSize }) },
  'GRU, reset before': { exports: [], make: (o) => new GRU({ ...o, inputSize, hiddenSize, reset: 'before' }) },
  MGU: { exports: ['MGU', 'MGUCell'], make: (o) => new MGU({ ...o, inputSize, hiddenSize }) },
  IndRNN: {
    exports: ['IndRNN', 'IndRNNCell', 'ProjectedCell'],
    make: (o) => new IndRNN({ ...o, inputSize, hiddenSize }),
  },
  Jordan: {
    exports: ['Jordan', 'JordanCell'],
    make: (o) => new Jordan({ ...o, inputSize, hiddenSize, outputSize: 2 }),
  },
  FullyRecurrent: {
    exports: ['FullyRecurrent', 'FullyRecurrentCell'],
    make: (o) => new FullyRecurrent({ ...o, inputSize, hiddenSize }),
  },
  MinGRU: { exports: ['MinGRU', 'MinGRUCell', 'ScanCell'], make: (o) => new MinGRU({ ...o, inputSize, hiddenSize }) },
  MinLSTM: { exports: ['MinLSTM', 'MinLSTMCell'], make: (o) => new MinLSTM({ ...o, inputSize, hiddenSize }) },
  'a cell with a delay line': {
    exports: ['FiniteImpulseCell'],
    sizeOfInput: true,
    make: ({ backend, ...o }) =>
      new Recurrent({
        ...o,
        inputSize,
        cell: (size) =>
          new FiniteImpulseCell({ backend, generator: o.generator, inputSize: size, hiddenSize: 3, taps: 3 }),
      }),
  },
  'a cell of the user': {
    exports: ['Recurrent'],
    sizeOfInput: true,
    make: ({ backend, ...o }) => new Recurrent({ ...o, inputSize, cell: (size) => new LeakyCell(backend, size) }),
  },
};

const shapes: Readonly<Record<string, Omit<StackOptions, 'inputSize'>>> = {
  'one direction': {},
  'two layers, both directions': { numLayers: 2, bidirectional: true },
  'three layers, residual': { numLayers: 3, residual: true },
};

const shapesOfOneSize: typeof shapes = {
  'both directions': { bidirectional: true },
  'three layers, residual': shapes['three layers, residual']!,
};

const stacked: EdgeCase[] = Object.entries(layers).flatMap(([name, { exports, make, sizeOfInput }]) =>
  Object.entries(sizeOfInput ? shapesOfOneSize : shapes).map(([shape, options]): EdgeCase => ({
    title: `${name}: ${shape}`,
    covers: covers('layers', ...exports),
    more: !options.bidirectional,
    run(trial, fused) {
      const { backend, generator } = trial;
      const layer = make({ ...options, backend, generator, fused }) as Layer;
      const state = Object.fromEntries(
        Object.entries(layer.cells[0]!.stateShapes).map(([part, own]) => [
          part,
          trial.whole(part, layer.cells.length, trial.batch, ...own),
        ]),
      );
      const x = trial.sequence('x', inputSize);
      const { output, state: final } = layer.forward(x, { lengths: trial.lengths, state });
      return trial.found({ output, ...named(final) }, layer.namedParameters(), ['output']);
    },
  })),
);

/** A cell over a sequence, from both ends. */
const cells: EdgeCase[] = Object.entries(layers).map(([name, { exports, make }]) => ({
  title: `the cell of ${name}: in reverse`,
  covers: covers('layers', ...exports),
  more: true,
  run(trial, fused) {
    const { backend, generator } = trial;
    const [cell] = (make({ backend, generator }) as Layer).cells;
    const x = trial.sequence('x', inputSize);
    const { output, state } = cell!.sequence(x, { lengths: trial.lengths, reverse: true, fused });
    return trial.found({ output, ...named(state) }, cell!.namedParameters(), ['output']);
  },
}));

export const recurrentCases: readonly EdgeCase[] = [
  ...stacked,
  ...cells,
  ...[false, true].map((peepholes): EdgeCase => ({
    title: `ConvLSTM${peepholes ? ', peepholes' : ''}`,
    covers: covers('layers', 'ConvLSTM', 'ConvLSTMCell'),
    run(trial) {
      const options = { inputChannels: 2, hiddenChannels: 2, imageSize: [2, 3], bidirectional: true } as const;
      const layer = new ConvLSTM({ backend: trial.backend, generator: trial.generator, peepholes, ...options });
      const x = trial.sequence('x', 2, 2, 3);
      const { output, state } = layer.forward(x, { lengths: trial.lengths });
      return trial.found({ output, ...named(state) }, layer.namedParameters(), ['output']);
    },
  })),
  {
    title: 'FiniteImpulse',
    covers: covers('layers', 'FiniteImpulse'),
    run(trial) {
      const { backend, generator } = trial;
      const layer = new FiniteImpulse({ backend, generator, inputSize, hiddenSize, taps: 3, numLayers: 2 });
      const { output, state } = layer.forward(trial.sequence('x', inputSize), { lengths: trial.lengths });
      const taps = Object.fromEntries(state.map((part, k) => [`taps ${k}`, part.taps]));
      return trial.found({ output, ...taps }, layer.namedParameters(), ['output']);
    },
  },
];

function named(state: State): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(state).map(([part, value]) => [`final ${part}`, value]));
}
