import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { checkRoom, isIndices } from '../checks.ts';

/** The options of `batchTokens`. */
export interface BatchTokensOptions {
  /** The token after the end of a sequence. 0 by default */
  readonly padding?: number | undefined;
  /** Written before each sequence, such as the index of `<bos>` */
  readonly start?: number | undefined;
  /** Written after each sequence, such as the index of `<eos>` */
  readonly end?: number | undefined;
}

const optionRules: OptionRules<BatchTokensOptions> = {
  padding: is.optional(is.integer(0, 2 ** 31 - 1)),
  start: is.optional(is.integer(0, 2 ** 31 - 1)),
  end: is.optional(is.integer(0, 2 ** 31 - 1)),
};

/** A batch of token sequences, time first. */
export interface PaddedTokens {
  /** `[T, N]` */
  readonly tokens: Int32Array;
  readonly shape: readonly [steps: number, batch: number];
  /** `[N]` */
  readonly lengths: Int32Array;
}

/**
 * Makes a batch of token sequences: `tokens[t, n] = sequences[n][t]`, padded to the longest.
 *
 * @param sequences arrays of integers ≥ 0, which may be empty
 * @returns tokens `[T, N]` and lengths, which include `start` and `end`
 * @throws ArgumentError for an empty array and for tokens that are not integers ≥ 0
 * @example
 * const { tokens, shape, lengths } = batchTokens([[5, 6, 7], [8]], { end: 1 });    // shape [4, 2], lengths 4, 2
 */
export function batchTokens(sequences: readonly ArrayLike<number>[], options: BatchTokensOptions = {}): PaddedTokens {
  checkValue('batchTokens', 'sequences', sequences, is.arrayOf(isIndices, 'an array of token sequences'));
  checkValue('batchTokens', 'sequences.length', sequences.length, is.size());
  checkOptions('batchTokens', options, optionRules);
  const { padding = 0, start, end } = options;
  const before = start === undefined ? 0 : 1;
  const extra = before + (end === undefined ? 0 : 1);
  const lengths = Int32Array.from(sequences, (sequence) => sequence.length + extra);
  const steps = lengths.reduce((most, length) => Math.max(most, length), 0);
  const batch = sequences.length;
  checkRoom('batchTokens', steps * batch);
  const tokens = new Int32Array(steps * batch).fill(padding);
  sequences.forEach((sequence, n) => {
    if (start !== undefined) tokens[n] = start;
    for (let t = 0; t < sequence.length; t++) tokens[(t + before) * batch + n] = sequence[t]!;
    if (end !== undefined) tokens[(lengths[n]! - 1) * batch + n] = end;
  });
  return { tokens, shape: [steps, batch], lengths };
}
