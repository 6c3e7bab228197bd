import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isNumbers, isRandom } from '../checks.ts';
import { type RandomSource, shuffled } from '../random-source.ts';

export interface BucketOptions {
  /** N, sequences in a batch */
  readonly batchSize: number;
  /**
   * Orders anew on each call; without it the order is that of the lengths, longest first, as a fixed evaluation wants
   * it
   */
  readonly random?: RandomSource | undefined;
  /** Sequences sorted together, in batches: fewer mix more, more pad less. 16 by default */
  readonly window?: number | undefined;
  /** Leave out the last batch where it is short. False by default */
  readonly dropLast?: boolean | undefined;
}

const bucketRules: OptionRules<BucketOptions> = {
  batchSize: is.size(),
  random: is.optional(isRandom),
  window: is.optional(is.size()),
  dropLast: is.optional(is.boolean),
};

/**
 * Puts sequences of like length into one batch, so that little is padded: shuffles all, sorts each window of
 * `window·batchSize` by length, cuts it into batches and shuffles those.
 *
 * @param lengths of every sequence, in steps
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
