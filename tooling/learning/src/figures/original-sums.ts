import {
  Generator,
  mean,
  openScope,
  reshape,
  square,
  subtract,
  tensor,
  type Backend,
  type Tensor,
} from '@timestep/core';
import { originalAddingProblem, type AddingBatch } from '@timestep/datasets';
import { LSTM, ManyToOne } from '@timestep/layers';
import { cosine } from '@timestep/train';
import { learn } from '../learn.ts';

const batch = 10;
const hiddenSize = 32;
const parts = 10;

/**
 * The adding problem as 1997 posed and judged it, by an LSTM of 32 units: a training of this many sequences, over which
 * the learning rate falls from 0.02 to 0, and then how many of 2,560 others are off by 0.04 or more.
 */
export async function wrongAfter(
  backend: Backend,
  steps: number,
  sequences: number,
  seed: number,
): Promise<{ readonly wrong: number; readonly largest: number }> {
  const generator = new Generator(seed);
  const layer = new LSTM({ backend, generator, inputSize: 2, hiddenSize, memorySpan: steps });
  const model = new ManyToOne({ backend, generator, layer, outputSize: 1 });
  const answers = ({ data, shape, lengths }: AddingBatch): Tensor =>
    reshape(model.forward(tensor(backend, data, { shape }), { lengths }), [-1]);
  const loss = (): Tensor => {
    const given = originalAddingProblem(steps, batch, generator);
    return mean(square(subtract(answers(given), tensor(backend, given.targets))));
  };
  const unseen = new Generator(1000);
  const held = Array.from({ length: parts }, () => originalAddingProblem(steps, 2560 / parts, unseen));
  const errors = async (): Promise<number[]> => {
    const all: number[] = [];
    for (const part of held) {
      using _scope = openScope(backend, { gradient: false });
      all.push(...Array.from(await answers(part).data(), (answer, n) => Math.abs(answer - part.targets[n]!)));
    }
    return all;
  };
  const updates = sequences / batch;
  const { measured } = await learn(
    model,
    { learningRate: 0.02, steps: updates, every: updates, schedule: cosine({ steps: updates, warmup: 50 }) },
    loss,
    errors,
    () => true,
  );
  model.dispose();
  return { wrong: measured.filter((error) => !(error < 0.04)).length, largest: Math.max(...measured) };
}

/** With three seeds each; a row has 1997's success where at most one is wrong. */
export async function originalSums(backend: Backend): Promise<void> {
  for (const [steps, sequences, published] of [
    [100, 20_000, '74,000'],
    [500, 25_000, '209,000'],
    [1000, 30_000, '853,000'],
  ] as const) {
    for (const seed of [1, 2, 3]) {
      const { wrong, largest } = await wrongAfter(backend, steps, sequences, seed);
      console.log(
        `adding, T = ${steps}, seed ${seed}`.padEnd(28),
        `${sequences} sequences: ${wrong} of 2,560 wrong, the largest error ${largest.toFixed(4)}; 1997: ${published}`,
      );
    }
  }
}
