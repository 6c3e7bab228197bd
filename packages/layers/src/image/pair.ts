import { is, type Rule } from '@timestep/core';

/** One number for both axes of an image, or `[height, width]`. */
export type Pair = number | readonly [height: number, width: number];

/** Accepts a whole number of at least `min`, or two of them. */
export function pairRule(min: number): Rule {
  const one = is.size(min);
  return (value) => {
    const fits = Array.isArray(value) ? value.length === 2 && value.every((side) => one(side) === null) : !one(value);
    return fits ? null : `a whole number of at least ${min}, or two of them as [height, width]`;
  };
}

/** `[height, width]` of a pair. */
export function both(pair: Pair): readonly [number, number] {
  return typeof pair === 'number' ? [pair, pair] : [pair[0], pair[1]];
}
