import { ArgumentError } from '@timestep/core';
import type { SequenceBatch } from '../batching/sequence-batch.ts';
import type { RandomSource } from '../random-source.ts';

/** The sequences of the adding problem and what they add up to. */
export interface AddingBatch extends SequenceBatch {
  /** `[N]`, the sum of the two marked numbers, 0 … 2 */
  readonly targets: Float32Array;
}

/**
 * The adding problem (Hochreiter and Schmidhuber 1997, experiment 4, with the numbers of Le et al. 2015): each step
 * brings a number in [0, 1) and a mark, 1 at one step of the first half and one of the second, else 0. The answer is
 * the sum of the two marked numbers. Always answering 1 leaves a mean squared error of 1/6.
 *
 * @param steps T, at least 2
 * @param batch N
 * @returns `[T, N, 2]`: number, mark
 * @throws ArgumentError
 * @example
 * const { data, shape, targets } = addingProblem(100, 32, new Generator(1));
 */
export function addingProblem(steps: number, batch: number, random: RandomSource): AddingBatch {
  if (!Number.isInteger(steps) || steps < 2) throw new ArgumentError(`[addingProblem] expected at least 2 steps, got ${steps}`);
  if (!Number.isInteger(batch) || batch < 1) throw new ArgumentError(`[addingProblem] expected a batch of at least 1, got ${batch}`);
  const data = new Float32Array(steps * batch * 2);
  const targets = new Float32Array(batch);
  const half = Math.floor(steps / 2);
  for (let n = 0; n < batch; n++) {
    for (let t = 0; t < steps; t++) data[(t * batch + n) * 2] = random.uniform();
    for (const t of [random.integer(half), half + random.integer(steps - half)]) {
      const at = (t * batch + n) * 2;
      data[at + 1] = 1;
      targets[n]! += data[at]!;
    }
  }
  return { data, shape: [steps, batch, 2], lengths: new Int32Array(batch).fill(steps), targets };
}
