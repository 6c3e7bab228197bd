/**
 * How far a result may be from the reference: |actual − expected| ≤ relative·|expected| + absolute·scale, where `scale`
 * is a number, one for each element, or the largest expected magnitude of the buffer (1 at least).
 */
export interface Accuracy {
  readonly relative: number;
  readonly absolute: number;
  readonly scale?: number | ArrayLike<number> | 'largest';
  /** Elements that are not looked at. */
  readonly ignore?: (index: number) => boolean;
}

/** Half the distance from 1 to the next float32. */
export const unitRoundoff = 2 ** -24;

/** Bit for bit, but that −0 is 0. */
export const exact: Accuracy = { relative: 0, absolute: 0 };

/** One float32 function of a value of moderate size; the house's agreement with PyTorch. */
export const single: Accuracy = { relative: 1e-5, absolute: 1e-6 };

/** Relative only: for functions that must stay accurate near 0. */
export const relativeOnly: Accuracy = { relative: 1e-5, absolute: 0 };

/** A forward pass of several steps: as `single`, with the absolute part in units of the largest value. */
export const forwardPass: Accuracy = { relative: 1e-5, absolute: 2e-6, scale: 'largest' };

/** Gradients: the house's agreement with PyTorch, in units of the largest gradient of the buffer. */
export const backwardPass: Accuracy = { relative: 1e-4, absolute: 1e-5, scale: 'largest' };

/**
 * A float32 sum of `terms` products, whatever its order. Rounding errors are independent enough to add up like a random
 * walk: |error| ≤ λ·√terms·u·Σ|term| with λ = 6 fails with a probability below 10⁻⁷ (Higham and Mary, "A new approach
 * to probabilistic rounding error analysis", 2019); `magnitudes` is Σ|term| of each element.
 */
export function summed(terms: number, magnitudes: ArrayLike<number>): Accuracy {
  return { relative: 1e-5, absolute: 1e-7 + 6 * Math.sqrt(terms) * unitRoundoff, scale: magnitudes };
}
