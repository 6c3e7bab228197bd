/**
 * A tolerance: |actual − expected| ≤ relative·|expected| + absolute·scale. `scale` is a number, an array with a number
 * for each element, or the largest expected magnitude of the buffer (at least 1).
 */
export interface Accuracy {
  readonly relative: number;
  readonly absolute: number;
  readonly scale?: number | ArrayLike<number> | 'largest';
  /** Tells which elements are not compared. */
  readonly ignore?: (index: number) => boolean;
}

/** Half the distance from 1 to the next float32. */
export const unitRoundoff = 2 ** -24;

/**
 * Requires the same bits, except that −0 equals 0.
 *
 * @example
 * ```ts
 * exact.relative + exact.absolute; // 0
 * ```
 */
export const exact: Accuracy = { relative: 0, absolute: 0 };

/**
 * The tolerance for one float32 function of a value of moderate size; the same as for the comparison with PyTorch.
 *
 * @example
 * ```ts
 * const wider: Accuracy = { ...single, absolute: 1e-5 };
 * ```
 */
export const single: Accuracy = { relative: 1e-5, absolute: 1e-6 };

/**
 * A relative tolerance, for functions that must be accurate near 0.
 *
 * @example
 * ```ts
 * relativeOnly.absolute; // 0
 * ```
 */
export const relativeOnly: Accuracy = { relative: 1e-5, absolute: 0 };

/**
 * The tolerance for a forward pass of several steps: like `single`, but the absolute part is relative to the largest
 * value.
 *
 * @example
 * ```ts
 * forwardPass.scale; // largest
 * ```
 */
export const forwardPass: Accuracy = { relative: 1e-5, absolute: 2e-6, scale: 'largest' };

/**
 * The tolerance for gradients, relative to the largest gradient of the buffer; the same as for the comparison with
 * PyTorch.
 *
 * @example
 * ```ts
 * backwardPass.scale; // largest
 * ```
 */
export const backwardPass: Accuracy = { relative: 1e-4, absolute: 1e-5, scale: 'largest' };

/**
 * Returns the tolerance for a float32 sum of `terms` products, added in any order. Rounding errors are independent
 * enough to add up like a random walk: |error| ≤ λ·√terms·u·Σ|term| with λ = 6 fails with a probability below 10⁻⁷
 * (Higham and Mary, "A new approach to probabilistic rounding error analysis", 2019).
 *
 * @example
 * ```ts
 * summed(1000, [12.5]); // for one sum of 1000 products whose magnitudes add up to 12.5
 * ```
 *
 * @param terms the number of products in each sum
 * @param magnitudes Σ|term| of each element
 */
export function summed(terms: number, magnitudes: ArrayLike<number>): Accuracy {
  return { relative: 1e-5, absolute: 1e-7 + 6 * Math.sqrt(terms) * unitRoundoff, scale: magnitudes };
}
