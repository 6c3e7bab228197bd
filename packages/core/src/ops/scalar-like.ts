import { full } from '../create.ts';
import type { Tensor } from '../tensor.ts';

/** A number as a tensor without axes, of the dtype and on the backend of `like`. */
export function scalarLike(like: Tensor, value: number): Tensor {
  return full(like.backend, [], value, { dtype: like.dtype });
}
