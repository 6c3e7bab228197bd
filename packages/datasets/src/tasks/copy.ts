import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { checkRoom, isCount, isRandom } from '../checks.ts';
import type { RandomSource } from '../random-source.ts';
import type { TokenBatch } from './tokens.ts';

/** The options of `copyTask`. */
export interface CopyOptions {
  /** K, the number of different symbols; 8 by default */
  readonly alphabet?: number | undefined;
  /** The number of symbols to remember; 10 by default */
  readonly length?: number | undefined;
  /** The number of blank steps between reading and writing */
  readonly delay: number;
  /** N */
  readonly batch: number;
}

const copyRules: OptionRules<CopyOptions> = {
  alphabet: is.optional(isCount()),
  length: is.optional(isCount()),
  delay: isCount(0),
  batch: isCount(),
};

/** A batch of the copy task. */
export interface CopyBatch extends TokenBatch {
  /** `[T, N]`: blank until the signal, then the symbols in their order */
  readonly targets: Int32Array;
  /** The blank symbol, K; the signal to write is K + 1 */
  readonly blank: number;
}

/**
 * Makes a batch of the copy task (Hochreiter and Schmidhuber 1997; in this form Arjovsky et al. 2016): `length` random
 * symbols, `delay` blanks, a signal and `length` blanks. The answer repeats the symbols after the signal.
 * T = 2·length + delay + 1.
 *
 * @throws ArgumentError for wrong options
 * @example
 * const { tokens, targets, shape } = copyTask({ delay: 100, batch: 10 }, new Generator(1));
 */
export function copyTask(options: CopyOptions, random: RandomSource): CopyBatch {
  checkOptions('copyTask', options, copyRules);
  checkValue('copyTask', 'random', random, isRandom);
  const { alphabet = 8, length = 10, delay, batch } = options;
  checkRoom('copyTask', (2 * length + delay + 1) * batch);
  const blank = alphabet;
  const signal = length + delay;
  const steps = signal + 1 + length;
  const tokens = new Int32Array(steps * batch).fill(blank);
  const targets = new Int32Array(steps * batch).fill(blank);
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < length; i++) {
      const symbol = random.integer(alphabet);
      tokens[i * batch + n] = symbol;
      targets[(signal + 1 + i) * batch + n] = symbol;
    }
    tokens[signal * batch + n] = alphabet + 1;
  }
  return {
    tokens,
    targets,
    blank,
    shape: [steps, batch],
    lengths: new Int32Array(batch).fill(steps),
    symbols: alphabet + 2,
  };
}
