import { record } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { checkNumber } from './check.ts';
import { runUnary } from './run-unary.ts';

/**
 * Returns alpha·x + beta with two numbers.
 *
 * @example
 * ```ts
 * affine(x, 2, 1); // 2x + 1
 * ```
 */
export function affine(x: Tensor, alpha: number, beta = 0): Tensor {
  checkNumber('affine', 'alpha', alpha);
  checkNumber('affine', 'beta', beta);
  const y = runUnary('affine', x, alpha, beta);
  record('affine', [y], { inputs: [x], backward: ([gradient]) => [runUnary('affine', gradient!, alpha, 0)] });
  return y;
}
