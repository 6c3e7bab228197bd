import { argmax, Generator, openScope, slice, tensor, type Backend, type Tensor } from '@timestep/core';
import { copyTask, oneHot, type CopyBatch } from '@timestep/datasets';
import { LSTM, ManyToMany } from '@timestep/layers';
import { cosine, crossEntropyLoss } from '@timestep/train';
import { learn } from '../learn.ts';

const [length, delay, batch, hiddenSize, sequences] = [10, 100, 10, 128, 120_000];
const updates = sequences / batch;

/**
 * The copy task: ten of eight symbols, a hundred blanks, and then the ten again. The blanks grow from none to all over
 * the first half of the training. Says how many symbols of 500 unseen sequences come out right, and how many of the
 * sequences.
 */
export async function copying(backend: Backend): Promise<void> {
  const generator = new Generator(3);
  const layer = new LSTM({ backend, generator, inputSize: 10, hiddenSize, coupledGates: true, memorySpan: delay });
  const model = new ManyToMany({ backend, generator, layer, outputSize: 10 });
  /** Of the steps that repeat the symbols */
  const answers = (given: CopyBatch): Tensor => {
    const { data, shape } = oneHot(given);
    return model.head.forward(slice(model.layer.forward(tensor(backend, data, { shape })).output, 0, -length));
  };
  const symbols = ({ targets, shape: [, count] }: CopyBatch): Int32Array => targets.slice(-length * count);
  let update = 0;
  const loss = (): Tensor => {
    const blanks = Math.round(delay * Math.min(1, update++ / (updates / 2)));
    const given = copyTask({ length, delay: blanks, batch }, generator);
    return crossEntropyLoss(answers(given), tensor(backend, symbols(given), { shape: [length, batch] }));
  };
  const held = copyTask({ length, delay, batch: 500 }, new Generator(1000));
  const right = async (): Promise<{ readonly symbols: number; readonly sequences: number }> => {
    using _scope = openScope(backend, { gradient: false });
    const expected = symbols(held);
    const told = await argmax(answers(held)).data();
    const wrong = Array.from(expected.keys()).filter((k) => told[k] !== expected[k]);
    return { symbols: expected.length - wrong.length, sequences: 500 - new Set(wrong.map((k) => k % 500)).size };
  };
  const { measured } = await learn(
    model,
    { learningRate: 0.01, steps: updates, every: updates, schedule: cosine({ steps: updates, warmup: 50 }) },
    loss,
    right,
    () => true,
  );
  console.log(
    `copy ${length} symbols after ${delay}: ${((100 * measured.symbols) / (500 * length)).toFixed(2)} % of the symbols right (chance 12.5 %), ${measured.sequences} of 500 sequences wholly, after ${sequences} sequences`,
  );
  model.dispose();
}
