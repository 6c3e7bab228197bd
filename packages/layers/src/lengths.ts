import { tensor, type Backend, type Tensor } from '@timestep/core';
import { checkLengths, hidePadding } from '@timestep/core/extend';
import { expectTensor } from './checks.ts';

/** The steps of each sequence of a batch: `[N]`, on the host, each 0…T. */
export type Lengths = ArrayLike<number>;

/** What a layer that looks at more than one step of its input takes beside it. */
export interface LengthsOption {
  /** How many steps of each sequence count; all of them by default. */
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
 * Sets x `[T, N, D]` to zero past each length, by selection: a NaN there does not come through, nor a gradient.
 *
 * @throws ArgumentError for anything but a tensor, and `INVALID_LENGTHS` that names the entry
 */
export function maskSteps(x: Tensor, lengths: Lengths | null): Tensor {
  expectTensor('maskSteps', x);
  return hidePadding(x, checkLengths('maskSteps', lengths, x.shape[0] ?? 0, x.shape[1] ?? 0));
}
