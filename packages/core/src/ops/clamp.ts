import { record } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { checkNumber } from './check.ts';
import { and, greaterEqual, lessEqual } from './compare.ts';
import { zeroUnless } from './run-select.ts';
import { runUnary } from './run-unary.ts';
import { scalarLike } from './scalar-like.ts';

/**
 * Returns min(max(x, low), high). The gradient flows where x is between the limits.
 *
 * @example
 * ```ts
 * clamp(x, -1, 1);
 * ```
 */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  checkNumber('clamp', 'low', low);
  checkNumber('clamp', 'high', high);
  const y = runUnary('clamp', x, low, high);
  record('clamp', [y], {
    inputs: [x],
    saved: [x],
    backward: ([gradient], _wanted, [saved]) => {
      const inside = and(greaterEqual(saved!, scalarLike(saved!, low)), lessEqual(saved!, scalarLike(saved!, high)));
      return [zeroUnless(inside, gradient!)];
    },
  });
  return y;
}
