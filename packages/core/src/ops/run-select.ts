import { DTypeError } from '@timestep/backend-api';
import { wrap } from '../autograd/record.ts';
import { broadcastShapes, broadcastStrides, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor, expectDType, sameBackend } from './check.ts';
import { scalarLike } from './scalar-like.ts';

/** a where `condition` is not 0, otherwise b, with broadcasting; not recorded. */
export function runSelect(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  checkTensor('select', 'a', a);
  checkTensor('select', 'b', b);
  expectDType('select', 'condition', condition, ['u32']);
  sameBackend('select', [condition, a, b]);
  if (a.dtype !== b.dtype)
    throw new DTypeError(`[select] expected two tensors of one dtype, got ${a.dtype} and ${b.dtype}; cast one of them`);
  const shape = broadcastShapes('select', broadcastShapes('select', a.shape, b.shape), condition.shape);
  const operand = (tensor: Tensor) => ({ buffer: tensor.buffer, strides: broadcastStrides(tensor.shape, shape) });
  const out = a.backend.alloc(a.dtype, sizeOf(shape));
  a.backend.select(operand(condition), operand(a), operand(b), out, shape);
  return wrap(a, out, shape);
}

/** x where the mask is set and 0 elsewhere; by selection, since NaN·0 is NaN. Not recorded. */
export function zeroUnless(mask: Tensor, x: Tensor): Tensor {
  return runSelect(mask, x, scalarLike(x, 0));
}
