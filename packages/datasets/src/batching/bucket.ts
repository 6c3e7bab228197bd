import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isNumbers, isRandom } from '../checks.ts';
import { type RandomSource, shuffled } from '../random-source.ts';

/** The options of `bucketByLength`. */
export interface BucketOptions {
  /** N, the number of sequences per batch */
  readonly batchSize: number;
  /**
   * Shuffles on each call. Without it, sequences are ordered by length, longest first, which suits a fixed evaluation
   */
  readonly random?: RandomSource | undefined;
  /** The number of batches that are sorted together. A smaller window mixes more, a larger one pads less. 16 by default */
  readonly window?: number | undefined;
  /** Drop the last batch if it is not full. False by default */
  readonly dropLast?: boolean | undefined;
}

const bucketRules: OptionRules<BucketOptions> = {
  batchSize: is.size(),
  random: is.optional(isRandom),
  window: is.optional(is.size()),
  dropLast: is.optional(is.boolean),
};

/**
 * Groups sequences of similar length into batches, to reduce padding. It shuffles the sequences, sorts each window of
 * `window·batchSize` by length, cuts the window into batches, and shuffles the batches.
 *
 * @param lengths the length of every sequence, in steps
 * @returns the indices of each batch
 * @throws ArgumentError
 * @example
 * for (const indices of bucketByLength(lengths, { batchSize: 32, random })) train(indices);
 */
export function bucketByLength(lengths: ArrayLike<number>, options: BucketOptions): number[][] {
  checkValue('bucketByLength', 'lengths', lengths, isNumbers);
  checkOptions('bucketByLength', options, bucketRules);
  const { batchSize, random, window = 16, dropLast = false } = options;
  const count = lengths.length;
  const order = random ? Array.from(random.permutation(count)) : Array.from({ length: count }, (_, i) => i);
  const reach = random ? window * batchSize : Math.max(1, count);
  const batches: number[][] = [];
  for (let start = 0; start < count; start += reach) {
    // A stable sort: sequences of one length stay in their shuffled order.
    const sorted = order.slice(start, start + reach).sort((a, b) => lengths[b]! - lengths[a]!);
    for (let at = 0; at < sorted.length; at += batchSize) batches.push(sorted.slice(at, at + batchSize));
  }
  const kept = dropLast ? batches.filter((batch) => batch.length === batchSize) : batches;
  return random ? shuffled(kept, random) : kept;
}
