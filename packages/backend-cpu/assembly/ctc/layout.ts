import { VECTOR } from '../support/lanes';

// The states of a target of L labels: L + 1 blanks, 0…L, and L labels, 0…L − 1; label i stands between blank i and
// blank i + 1. They are kept apart, so that neighbours of one kind stand in neighbouring lanes. Every array of states
// is padded to `width(L)` floats; the padding holds exact zeros throughout, because the labels there have probability 0.

/** Floats (and bytes, times four) that hold L + 1 states of a kind, in whole vectors. */
// @ts-ignore: decorator
@inline
export function width(labels: i32): i32 {
  return (labels + 4) & ~3;
}

/**
 * Floats from one frame's row of emissions (and later occupancies) to the next: the blank first, then from EMISSION_LABELS
 * on the labels.
 */
// @ts-ignore: decorator
@inline
export function emissionStride(maxLabels: i32): i32 {
  return EMISSION_LABELS + width(maxLabels);
}

export const EMISSION_LABELS: i32 = 4;

/** Bytes before and after each array of states: one vector, so that state −1 and state L + 1 can be read, as zeros. */
export const GUARD: usize = VECTOR;

/** Bytes of one array of states with its guards. */
// @ts-ignore: decorator
@inline
export function arrayBytes(labels: i32): usize {
  return ((<usize>width(labels)) << 2) + 2 * GUARD;
}
