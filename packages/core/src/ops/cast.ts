import { checkValue, type DType } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor, dtypeRule } from './check.ts';

/** Another element type; f32 to an integer truncates towards 0. The gradient flows only from f32 to f32. */
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

/** A copy of the contents, on the same backend; a leaf cut off from the gradient. */
export function clone(x: Tensor): Tensor {
  checkTensor('clone', 'x', x);
  const out = x.backend.alloc(x.dtype, x.size);
  x.backend.copy({ buffer: x.buffer, strides: [1] }, { buffer: out, strides: [1] }, [x.size]);
  return wrap(x, out, x.shape);
}
