import type { BinaryOp } from '@timestep/backend-api';
import type { Tensor } from '../tensor.ts';
import { runBinary } from './run-binary.ts';

function comparison(op: BinaryOp): (a: Tensor, b: Tensor) => Tensor {
  return (a, b) => runBinary(op, a, b);
}

/** 1 where a = b, else 0; u32, broadcast. A comparison has no gradient. */
export const equal = comparison('equal');
export const notEqual = comparison('notEqual');
export const less = comparison('less');
export const lessEqual = comparison('lessEqual');
export const greater = comparison('greater');
export const greaterEqual = comparison('greaterEqual');
/** Bit by bit over u32; the logical operation for masks of 0 and 1. */
export const and = comparison('and');
export const or = comparison('or');
export const xor = comparison('xor');
