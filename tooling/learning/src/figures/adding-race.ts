import { Generator, softplus, tanh, type Backend } from '@timestep/core';
import { addingProblem } from '@timestep/datasets';
import { FullyRecurrent, GRU, IndRNN, Jordan, Linear, LSTM, MGU, MinGRU, MinLSTM, RNN } from '@timestep/layers';
import { Adder, type AnyRecurrent } from '../adder.ts';
import { learn } from '../learn.ts';

type Make = (options: {
  readonly backend: Backend;
  readonly generator: Generator;
  readonly inputSize: number;
  readonly hiddenSize: number;
}) => unknown;

/** Every cell on the same task with the same rule of learning, at most a few more settings than its size. */
const layers: Readonly<Record<string, Make>> = {
  'Elman (RNN)': (options) => new RNN(options),
  Jordan: (options) => new Jordan({ ...options, outputSize: options.hiddenSize, outputActivation: tanh }),
  FullyRecurrent: (options) => new FullyRecurrent({ ...options, activation: softplus }),
  'IndRNN, 2 layers': (options) => new IndRNN({ ...options, numLayers: 2 }),
  LSTM: (options) => new LSTM({ ...options, forgetBias: 3 }),
  'LSTM, peepholes': (options) => new LSTM({ ...options, forgetBias: 3, peepholes: true }),
  'LSTM, projection': (options) => new LSTM({ ...options, forgetBias: 3, projectionSize: 12 }),
  'LSTM, coupled gates': (options) => new LSTM({ ...options, coupledGates: true }),
  'LSTM, layer norm': (options) => new LSTM({ ...options, forgetBias: 3, layerNorm: true }),
  'GRU, reset after': (options) => new GRU(options),
  'GRU, reset before': (options) => new GRU({ ...options, reset: 'before' }),
  MGU: (options) => new MGU(options),
  'minGRU, 2 layers': (options) => new MinGRU({ ...options, numLayers: 2 }),
  'minLSTM, 2 layers': (options) => new MinLSTM({ ...options, numLayers: 2, forgetBias: 3 }),
};

/** How many sequences each cell needs until it solves the adding problem (error < 0.01), at most 32 times `most`. */
export async function addingRace(backend: Backend, steps: number, most: number, only?: RegExp): Promise<void> {
  for (const [name, make] of Object.entries(layers)) {
    if (only && !only.test(name)) continue;
    const generator = new Generator(3);
    const hiddenSize = 24;
    const layer = make({ backend, generator, inputSize: 2, hiddenSize }) as AnyRecurrent;
    const model = new Adder(layer, new Linear({ backend, generator, inputSize: layer.outputSize, outputSize: 1 }));
    const held = addingProblem(steps, 512, new Generator(1000));
    const started = performance.now();
    const result = await learn(
      model,
      { learningRate: 0.01, steps: most },
      () => model.loss(addingProblem(steps, 32, generator)),
      () => model.loss(held).item(),
      (error) => error < 0.01,
    );
    const solved = result.measured < 0.01;
    console.log(
      `adding T=${steps}  ${name.padEnd(20)} ${solved ? `${result.steps * 32} sequences` : `not in ${most * 32}`}, error ${result.measured.toFixed(4)}, ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
    model.dispose();
  }
}
