import type { State, Tensor } from '@timestep/core';

/** Removes a tensor from its scope; the caller must dispose it. */
export function unowned<T extends Tensor>(tensor: T): T {
  tensor.owner?.release(tensor);
  return tensor;
}

/** Disposes every part of a state. */
export function disposeState(state: State | null): void {
  for (const part of Object.values(state ?? {})) part.dispose();
}
