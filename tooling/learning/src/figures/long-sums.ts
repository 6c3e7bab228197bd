import { Generator, openScope, type Backend } from '@timestep/core';
import { addingProblem } from '@timestep/datasets';
import { GRU, Linear, LSTM, RNN } from '@timestep/layers';
import { cosine } from '@timestep/train';
import { Adder, type AnyRecurrent } from '../adder.ts';
import { learn } from '../learn.ts';

const [steps, batch, hiddenSize, sequences] = [600, 20, 32, 100_000];
const parts = 10;

interface Options {
  readonly backend: Backend;
  readonly generator: Generator;
  readonly inputSize: number;
  readonly hiddenSize: number;
}

/** The adding problem over 600 steps: the squared error on 2,560 unseen sequences after a training of 100,000. */
export async function longSums(backend: Backend): Promise<void> {
  const rows: readonly (readonly [name: string, published: string, make: (options: Options) => unknown])[] = [
    ['LSTM', '0.164', (options) => new LSTM({ ...options, memorySpan: steps })],
    ['LSTM, coupled gates', '0.164', (options) => new LSTM({ ...options, memorySpan: steps, coupledGates: true })],
    ['GRU', '5.3e-5', (options) => new GRU(options)],
    ['RNN', '0.177', (options) => new RNN(options)],
  ];
  for (const [name, published, make] of rows) {
    const generator = new Generator(1);
    const model = new Adder(
      make({ backend, generator, inputSize: 2, hiddenSize }) as AnyRecurrent,
      new Linear({ backend, generator, inputSize: hiddenSize, outputSize: 1 }),
    );
    const unseen = new Generator(1000);
    const held = Array.from({ length: parts }, () => addingProblem(steps, 2560 / parts, unseen));
    const error = async (): Promise<number> => {
      let total = 0;
      for (const part of held) {
        using _scope = openScope(backend, { gradient: false });
        total += await model.loss(part).item();
      }
      return total / parts;
    };
    const updates = sequences / batch;
    const { measured } = await learn(
      model,
      { learningRate: 0.01, steps: updates, every: updates, schedule: cosine({ steps: updates, warmup: 50 }) },
      () => model.loss(addingProblem(steps, batch, generator)),
      error,
      () => true,
    );
    console.log(
      `adding, T = ${steps}  ${name.padEnd(19)} squared error ${measured.toExponential(1)} after ${sequences} sequences; Bai et al. 2018: ${published}`,
    );
    model.dispose();
  }
}
