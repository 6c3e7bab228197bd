import { checkValue, type DType } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor, dtypeRule } from './check.ts';

/**
 * Converts the element type. f32 to an integer truncates towards 0. Gradients flow only from f32 to f32.
 *
 * @example
 * ```ts
 * cast(tensor(backend, [1.7, -1.7]), 'i32'); // [1, -1]
 * ```
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  checkTensor('cast', 'x', x);
  checkValue('cast', 'dtype', dtype, dtypeRule);
  const out = x.backend.alloc(dtype, x.size);
  if (dtype === x.dtype) x.backend.copy({ buffer: x.buffer, strides: [1] }, { buffer: out, strides: [1] }, [x.size]);
  else x.backend.cast(x.buffer, out);
  const y = wrap(x, out, x.shape);
  if (dtype === 'f32' && x.dtype === 'f32') record('cast', [y], { inputs: [x], backward: ([gradient]) => [gradient!] });
  return y;
}

/**
 * Returns a copy on the same backend. No gradient flows through it.
 *
 * @example
 * ```ts
 * const before = clone(parameter);
 * ```
 */
export function clone(x: Tensor): Tensor {
  checkTensor('clone', 'x', x);
  const out = x.backend.alloc(x.dtype, x.size);
  x.backend.copy({ buffer: x.buffer, strides: [1] }, { buffer: out, strides: [1] }, [x.size]);
  return wrap(x, out, x.shape);
}
