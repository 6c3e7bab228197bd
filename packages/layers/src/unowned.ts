import type { Tensor } from '@timestep/core';

/** Removes the tensor from its scope; the caller must dispose it. */
export function unowned(value: Tensor): Tensor {
  value.owner?.release(value);
  return value;
}
