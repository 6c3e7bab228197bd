import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { checkRoom, isCount, isRandom } from '../checks.ts';
import type { RandomSource } from '../random-source.ts';
import type { TokenBatch } from './tokens.ts';

/** The options of `temporalOrder`. */
export interface TemporalOrderOptions {
  /** The number of symbols that determine the class: 2 (four classes) or 3 (eight) */
  readonly relevant: 2 | 3;
  /** N */
  readonly batch: number;
  /** Scales the lengths of sequences and gaps. 1 by default: 100 … 110 steps, as in the paper */
  readonly scale?: number | undefined;
}

const temporalOrderRules: OptionRules<TemporalOrderOptions> = {
  relevant: is.oneOf(2, 3),
  batch: isCount(),
  // Below 0.1, two positions may coincide.
  scale: is.optional(is.number({ min: 0.1, max: 1e5 })),
};

/** A batch of the temporal order task. */
export interface TemporalOrderBatch extends TokenBatch {
  /** `[N]`, 0 … 2^relevant − 1: the order of X (0) and Y (1), the first the most significant bit */
  readonly classes: Int32Array;
}

/**
 * The symbols of the task: a, b, c and d distract, E starts and B ends a sequence, X and Y must be remembered.
 *
 * @example
 * Array.from(tokens, (token) => temporalOrderSymbols[token]).join('');
 */
export const temporalOrderSymbols = ['a', 'b', 'c', 'd', 'E', 'B', 'X', 'Y'] as const;

/** The ranges of the positions of the relevant symbols, in sequences of 100 to 110 steps. */
const places = {
  2: [
    [10, 20],
    [50, 60],
  ],
  3: [
    [10, 20],
    [33, 43],
    [66, 76],
  ],
} as const;

/**
 * Makes a batch of the temporal order task (Hochreiter and Schmidhuber 1997, experiments 6a and 6b): widely separated
 * symbols X or Y among distractors. The class is the order of these symbols, to be given after the last step.
 *
 * @throws ArgumentError for wrong options
 * @example
 * const { tokens, lengths, classes } = temporalOrder({ relevant: 2, batch: 20 }, new Generator(1));
 */
export function temporalOrder(options: TemporalOrderOptions, random: RandomSource): TemporalOrderBatch {
  checkOptions('temporalOrder', options, temporalOrderRules);
  checkValue('temporalOrder', 'random', random, isRandom);
  const { relevant, batch, scale = 1 } = options;
  checkRoom('temporalOrder', 110 * scale * batch);
  const between = (low: number, high: number) =>
    Math.round(scale * low) + random.integer(Math.round(scale * high) - Math.round(scale * low) + 1);
  const lengths = Int32Array.from({ length: batch }, () => between(100, 110));
  const steps = lengths.reduce((most, length) => Math.max(most, length), 0);
  const tokens = new Int32Array(steps * batch);
  const classes = new Int32Array(batch);
  for (let n = 0; n < batch; n++) {
    const length = lengths[n]!;
    for (let t = 0; t < length; t++) tokens[t * batch + n] = random.integer(4);
    tokens[n] = temporalOrderSymbols.indexOf('E');
    tokens[(length - 1) * batch + n] = temporalOrderSymbols.indexOf('B');
    for (const [low, high] of places[relevant]) {
      const bit = random.integer(2);
      tokens[between(low, high) * batch + n] = temporalOrderSymbols.indexOf('X') + bit;
      classes[n] = classes[n]! * 2 + bit;
    }
  }
  return { tokens, shape: [steps, batch], lengths, symbols: temporalOrderSymbols.length, classes };
}
