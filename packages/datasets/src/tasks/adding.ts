import { checkValue } from '@timestep/core';
import type { SequenceBatch } from '../batching/sequence-batch.ts';
import { checkRoom, isCount, isRandom } from '../checks.ts';
import type { RandomSource } from '../random-source.ts';

/** A batch of the adding problem, with its answers. */
export interface AddingBatch extends SequenceBatch {
  /** `[N]`, the sum of the two marked numbers, in 0 … 2; scaled in the original form */
  readonly targets: Float32Array;
}

/**
 * Makes a batch of the adding problem (Hochreiter and Schmidhuber 1997, experiment 4, with the numbers of Le et al.
 * 2015). Each step has a number in [0, 1) and a mark: 1 at one step of the first half and at one of the second half, 0
 * elsewhere. The answer is the sum of the two marked numbers. Always answering 1 gives a mean squared error of 1/6.
 *
 * @param steps T, at least 2
 * @param batch N
 * @returns `[T, N, 2]`: number, mark
 * @throws ArgumentError for sizes out of range
 * @example
 * const { data, shape, targets } = addingProblem(100, 32, new Generator(1));
 */
export function addingProblem(steps: number, batch: number, random: RandomSource): AddingBatch {
  check('addingProblem', steps, 2, batch, random);
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

/**
 * Makes a batch of the adding problem in its original form (Hochreiter and Schmidhuber 1997, experiment 4). A sequence
 * has T … T + ⌊T/10⌋ steps, each with a number in [−1, 1) and a mark: −1 at the first and the last step, 1 at two steps,
 * and 0 elsewhere. One of the two marked steps is among the first ten and one among the first T/2 − 1, so at least T/2
 * steps follow them. If the first step is marked, its number is 0. The answer, at the last step, is ½ + (X₁ + X₂)/4 of
 * the marked numbers, in [0, 1). In the paper, an answer with an error below 0.04 is right.
 *
 * @param steps T, at least 22
 * @param batch N
 * @returns `[longest, N, 2]`: number, mark, 0 past a length; the targets in [0, 1)
 * @throws ArgumentError for sizes out of range
 * @example
 * const { data, shape, lengths, targets } = originalAddingProblem(100, 20, new Generator(1));
 */
export function originalAddingProblem(steps: number, batch: number, random: RandomSource): AddingBatch {
  check('originalAddingProblem', steps, 22, batch, random);
  const lengths = Int32Array.from({ length: batch }, () => steps + random.integer(Math.floor(steps / 10) + 1));
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const data = new Float32Array(longest * batch * 2);
  const targets = new Float32Array(batch);
  for (let n = 0; n < batch; n++) {
    const length = lengths[n]!;
    for (let t = 0; t < length; t++) data[(t * batch + n) * 2] = random.uniform(-1, 1);
    for (const t of [0, length - 1]) data[(t * batch + n) * 2 + 1] = -1;
    const first = random.integer(10);
    const other = random.integer(Math.floor(steps / 2) - 2);
    let total = 0;
    // The second one is drawn from the steps that are not marked yet.
    for (const t of [first, other < first ? other : other + 1]) {
      const at = (t * batch + n) * 2;
      if (t === 0) data[at] = 0;
      data[at + 1] = 1;
      total += data[at]!;
    }
    targets[n] = 0.5 + total / 4;
  }
  return { data, shape: [longest, batch, 2], lengths, targets };
}

function check(where: string, steps: number, least: number, batch: number, random: RandomSource): void {
  checkValue(where, 'steps', steps, isCount(least));
  checkValue(where, 'batch', batch, isCount());
  checkValue(where, 'random', random, isRandom);
  checkRoom(where, 2.2 * steps * batch);
}
