import type { BinaryOp } from '@timestep/backend-api';
import type { Tensor } from '../tensor.ts';
import { runBinary } from './run-binary.ts';

function comparison(op: BinaryOp): (a: Tensor, b: Tensor) => Tensor {
  return (a, b) => runBinary(op, a, b);
}

/**
 * Returns 1 where a = b, otherwise 0, as u32, with broadcasting. Comparisons have no gradient.
 *
 * @example
 * ```ts
 * equal(labels, predictions);
 * ```
 */
export const equal = comparison('equal');
/**
 * Returns 1 where a ≠ b, otherwise 0, as u32, with broadcasting.
 *
 * @example
 * ```ts
 * notEqual(labels, padding);
 * ```
 */
export const notEqual = comparison('notEqual');
/**
 * Returns 1 where a < b, otherwise 0, as u32, with broadcasting.
 *
 * @example
 * ```ts
 * less(x, tensor(backend, 0));
 * ```
 */
export const less = comparison('less');
/**
 * Returns 1 where a ≤ b, otherwise 0, as u32, with broadcasting.
 *
 * @example
 * ```ts
 * lessEqual(x, tensor(backend, 1));
 * ```
 */
export const lessEqual = comparison('lessEqual');
/**
 * Returns 1 where a > b, otherwise 0, as u32, with broadcasting.
 *
 * @example
 * ```ts
 * greater(x, tensor(backend, 0));
 * ```
 */
export const greater = comparison('greater');
/**
 * Returns 1 where a ≥ b, otherwise 0, as u32, with broadcasting.
 *
 * @example
 * ```ts
 * greaterEqual(x, tensor(backend, 0));
 * ```
 */
export const greaterEqual = comparison('greaterEqual');
/**
 * Returns the bitwise and of two u32 tensors: the logical and of masks of 0 and 1.
 *
 * @example
 * ```ts
 * and(less(low, x), less(x, high));
 * ```
 */
export const and = comparison('and');
/**
 * Returns the bitwise or of two u32 tensors: the logical or of masks of 0 and 1.
 *
 * @example
 * ```ts
 * or(isStart, isEnd);
 * ```
 */
export const or = comparison('or');
/**
 * Returns the bitwise exclusive or of two u32 tensors.
 *
 * @example
 * ```ts
 * xor(a, b);
 * ```
 */
export const xor = comparison('xor');
