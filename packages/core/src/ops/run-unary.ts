import { unaryOps, type UnaryOp } from '@timestep/backend-api';
import { wrap } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { expectDType } from './check.ts';

/**
 * Applies an operation of the table without recording it.
 *
 * @example
 * ```ts
 * runUnary('exp', x);
 * ```
 */
export function runUnary(op: UnaryOp, x: Tensor, alpha = 0, beta = 0): Tensor {
  const row = unaryOps[op];
  expectDType(op, 'x', x, row.in);
  const out = x.backend.alloc(row.out === 'same' ? x.dtype : row.out, x.size);
  x.backend.unary(op, x.buffer, out, alpha, beta);
  return wrap(x, out, x.shape);
}
