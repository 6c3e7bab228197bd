import { binaryOps, DTypeError, type BinaryOp } from '@timestep/backend-api';
import { wrap } from '../autograd/record.ts';
import { broadcastShapes, broadcastStrides, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor, expectDType, sameBackend } from './check.ts';

/** Runs one op of the table with broadcasting, without recording it. */
export function runBinary(op: BinaryOp, a: Tensor, b: Tensor): Tensor {
  checkTensor(op, 'a', a);
  checkTensor(op, 'b', b);
  sameBackend(op, [a, b]);
  const row = binaryOps[op];
  expectDType(op, 'a', a, row.in);
  if (a.dtype !== b.dtype)
    throw new DTypeError(`[${op}] expected two tensors of one dtype, got ${a.dtype} and ${b.dtype}; cast one of them`);
  const shape = sameShape(a.shape, b.shape) ? a.shape : broadcastShapes(op, a.shape, b.shape);
  const left = { buffer: a.buffer, strides: broadcastStrides(a.shape, shape) };
  const right = { buffer: b.buffer, strides: broadcastStrides(b.shape, shape) };
  const out = a.backend.alloc(row.out === 'same' ? a.dtype : row.out, sizeOf(shape));
  a.backend.binary(op, left, right, out, shape);
  return wrap(a, out, shape);
}
