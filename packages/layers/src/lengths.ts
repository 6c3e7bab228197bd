import { tensor, type Backend, type Tensor } from '@timestep/core';
import { checkLengths, hidePadding } from '@timestep/core/extend';
import { expectTensor } from './checks.ts';

/** The steps of each sequence of a batch: `[N]`, on the host, each 0…T. */
export type Lengths = ArrayLike<number>;

/** Options of layers that read more than one step of their input. */
export interface LengthsOption {
  /** The number of valid steps of each sequence; all by default. */
  readonly lengths?: Lengths | null | undefined;
}

/** u32 `[T, N, 1]`: 1 where step t of sequence n counts. */
export function stepMask(backend: Backend, lengths: Int32Array, steps: number): Tensor {
  const batch = lengths.length;
  const mask = Uint32Array.from({ length: steps * batch }, (_, index) =>
    Math.floor(index / batch) < lengths[index % batch]! ? 1 : 0,
  );
  return tensor(backend, mask, { shape: [steps, batch, 1] });
}

/**
 * Sets the steps of x `[T, N, D]` after each length to 0. NaN in those steps reaches neither the result nor a gradient.
 *
 * @throws ArgumentError for anything but a tensor, and `INVALID_LENGTHS` that names the entry
 * @example
 * ```ts
 * const masked = maskSteps(x, Int32Array.of(3, 5)); // zeros from step 3 of sequence 0 and step 5 of sequence 1 on
 * ```
 */
export function maskSteps(x: Tensor, lengths: Lengths | null): Tensor {
  expectTensor('maskSteps', x);
  return hidePadding(x, checkLengths('maskSteps', lengths, x.shape[0] ?? 0, x.shape[1] ?? 0));
}
