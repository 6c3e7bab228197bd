import { checkValue, is } from '@timestep/core';
import { isRandom } from './checks.ts';

/**
 * A source of random numbers: the `Generator` of `@timestep/core`, or any object with these four methods.
 */
export interface RandomSource {
  /** Uniform in [low, high), [0, 1) by default */
  uniform(low?: number, high?: number): number;
  /** Normal with this mean and standard deviation, 0 and 1 by default */
  normal(mean?: number, deviation?: number): number;
  /** An integer in 0 … limit − 1 */
  integer(limit: number): number;
  /** 0 … length − 1 in random order */
  permutation(length: number): ArrayLike<number>;
}

/**
 * Returns the items in random order, as a new array.
 *
 * @throws ArgumentError if `items` is not an array or `random` is not a RandomSource
 * @example
 * shuffled(['a', 'b', 'c'], new Generator(1));
 */
export function shuffled<Item>(items: readonly Item[], random: RandomSource): Item[] {
  checkValue('shuffled', 'items', items, is.arrayOf(is.anything));
  checkValue('shuffled', 'random', random, isRandom);
  return Array.from(random.permutation(items.length), (index) => items[index]!);
}
