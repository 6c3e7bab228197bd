import { ArgumentError, is, type Rule } from '@timestep/core';

/** Samples of audio. */
export const isSamples: Rule = is.instanceOf(Float32Array);
/** A sample rate or a frequency in Hz, whole or not. */
export const isRate: Rule = is.number({ above: 0, max: 1e9 });
/** A level in dB, in the range of float32. */
export const isDecibels: Rule = is.number({ min: -1000, max: 1000 });
/** The `Generator` of core, or an object with its four methods. */
export const isRandom: Rule = is.like(
  'a RandomSource, such as new Generator(1)',
  'uniform',
  'normal',
  'integer',
  'permutation',
);
/** Numbers in an array or a typed array. The function itself checks for NaN and ±∞. */
export const isNumbers: Rule = is.arrayOf(
  (value) => (typeof value === 'number' ? null : 'a number'),
  'an array of numbers',
);
/** Token or label numbers. */
export const isIndices: Rule = is.arrayOf(is.integer(0, 2 ** 31 - 1), 'an array of whole numbers of at least 0');

/** A number of steps or sequences that still fits into memory. */
export const isCount = (least = 1): Rule => is.integer(least, 2 ** 26);

/**
 * Checks that an array of this length can be allocated.
 *
 * @throws ArgumentError
 */
export function checkRoom(where: string, numbers: number): void {
  if (numbers <= 2 ** 30) return;
  throw new ArgumentError(
    `[${where}] expected at most 2^30 numbers, got sizes that need ${numbers}; make smaller batches`,
  );
}

/** An array, a Set, a generator and so on. A string can be iterated too, but it is most often a mistake. */
export const isIterable: Rule = (value) =>
  typeof value === 'object' && value !== null && Symbol.iterator in value ? null : 'an array or another iterable';
/** The tokens of a text. */
export const isTokens: Rule = (value) =>
  isIterable(value) === null ? null : 'an array of tokens (split a text first, with words() or characters())';
