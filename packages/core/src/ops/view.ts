import { wrap } from '../autograd/record.ts';
import { broadcastStrides, contiguousStrides, sameShape, sizeOf, type Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** The same storage under another shape; not recorded. */
export function reshapeView(x: Tensor, shape: Shape): Tensor {
  return new Tensor(x.storage.retain(), shape);
}

/** Copies a strided view of x to a fresh contiguous tensor; not recorded. */
export function copyView(x: Tensor, shape: Shape, strides: readonly number[], offset = 0): Tensor {
  const out = x.backend.alloc(x.dtype, sizeOf(shape));
  x.backend.copy({ buffer: x.buffer, strides, offset }, { buffer: out, strides: contiguousStrides(shape) }, shape);
  return wrap(x, out, shape);
}

/** x stretched to `shape`, which it must fit; not recorded. */
export function expandView(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? reshapeView(x, shape) : copyView(x, [...shape], broadcastStrides(x.shape, shape));
}
