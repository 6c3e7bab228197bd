import { checkValue, is } from '@timestep/core';
import { isRandom } from './checks.ts';

/**
 * Where random numbers come from. The `Generator` of `@timestep/core` is one; anything with these four methods is.
 */
export interface RandomSource {
  /** Uniform in [low, high), [0, 1) by default */
  uniform(low?: number, high?: number): number;
  /** Normal with this mean and deviation, 0 and 1 by default */
  normal(mean?: number, deviation?: number): number;
  /** A whole number in 0 … limit − 1 */
  integer(limit: number): number;
  /** 0 … length − 1 in random order */
  permutation(length: number): ArrayLike<number>;
}

/** The items in random order; the array handed in stays as it is. */
export function shuffled<Item>(items: readonly Item[], random: RandomSource): Item[] {
  checkValue('shuffled', 'items', items, is.arrayOf(is.anything));
  checkValue('shuffled', 'random', random, isRandom);
  return Array.from(random.permutation(items.length), (index) => items[index]!);
}
