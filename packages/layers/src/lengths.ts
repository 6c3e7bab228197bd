import { tensor, type Backend, type Tensor } from '@timestep/core';
import { hidePadding } from '@timestep/core/extend';

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

/** x `[T, N, D]` with zeros past each length, by selection: a NaN there does not come through, nor a gradient. */
export function maskSteps(x: Tensor, lengths: Int32Array | null): Tensor {
  return hidePadding(x, lengths);
}
