import { argmax, gather, reshape, type Tensor } from '@timestep/core';

/** The largest values along an axis. Of equal values the first gets the gradient, as in PyTorch's pooling. */
export function largestOf(values: Tensor, axis: number): Tensor {
  const kept = values.shape.map((length, at) => (at === axis ? 1 : length));
  const best = reshape(argmax(values, axis), kept);
  return reshape(
    gather(values, best, axis),
    kept.filter((_, at) => at !== axis),
  );
}
