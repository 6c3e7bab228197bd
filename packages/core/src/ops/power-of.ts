import { record } from '../autograd/record.ts';
import { zeros } from '../create.ts';
import type { Tensor } from '../tensor.ts';
import { checkNumber } from './check.ts';
import { runBinary } from './run-binary.ts';
import { runUnary } from './run-unary.ts';

/**
 * Returns xⁿ with a number n.
 *
 * @example
 * ```ts
 * powerOf(x, 3);
 * ```
 */
export function powerOf(x: Tensor, exponent: number): Tensor {
  checkNumber('powerOf', 'exponent', exponent);
  const y = runUnary('power', x, exponent);
  record('power', [y], {
    inputs: [x],
    saved: [x],
    backward: ([gradient], _wanted, [saved]) => [
      exponent === 0
        ? zeros(gradient!.backend, gradient!.shape)
        : runBinary('multiply', gradient!, runUnary('affine', runUnary('power', saved!, exponent - 1), exponent)),
    ],
  });
  return y;
}
