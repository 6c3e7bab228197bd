import { VECTOR } from '../support/lanes';

// The states of a target of L labels: L + 1 blanks, 0…L, and L labels, 0…L − 1; label i stands between blank i and
// blank i + 1. They are kept apart, so that neighbours of one kind stand in neighbouring lanes. Every array of states
// is padded to `width(L)` floats; the padding holds exact zeros throughout, because the labels there have probability
// 0.

/** Floats (and bytes, times four) that hold L + 1 states of a kind, in whole vectors. */
// @ts-ignore: decorator
@inline
export function width(labels: i32): i32 {
  return (labels + 4) & ~3;
}

/**
 * Floats of one frame's row of emissions, `e^(x − max)` of the classes that matter: the blank's mantissa and exponent,
 * then from EMISSION_LABELS on the labels' mantissas and, `width(maxLabels)` further, their exponents. The recursions
 * put the occupancies in the place of the mantissas, with the factor that they still want in that of the blank's
 * exponent.
 */
// @ts-ignore: decorator
@inline
export function emissionStride(maxLabels: i32): i32 {
  return EMISSION_LABELS + 2 * width(maxLabels);
}

export const EMISSION_LABELS: i32 = 4;

/** Bytes before and after each array of states: one vector, so that state i + 1 can be read past the end, as zeros. */
export const GUARD: usize = VECTOR;

/** Bytes of one array of states with its guards. */
// @ts-ignore: decorator
@inline
export function arrayBytes(labels: i32): usize {
  return ((<usize>width(labels)) << 2) + 2 * GUARD;
}
