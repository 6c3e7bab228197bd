import { constant } from '../math/constants';
import { expReduced, expRemainder } from '../math/exp';

// Probabilities of whole paths leave the range of f32, and of f64, long before T = 1,000, and a common factor for each
// step does not save them: where the network says "blank" with 1 − 1e-6, the states that matter at the end start out
// 1e-600 below the largest. So the recursions work on numbers m·2^e with an f32 mantissa and an i32 exponent of their
// own. Adding two of them takes integer operations and no exp or log, and the relative error of a step stays that of an
// f32 product: at T = 2,000 the loss is within 1e-6 of float64 and the occupancies within 1e-5 (in f32 logarithms the
// alphas of T = 2,000 have an absolute error of 1e-3 each, which is a relative one in the occupancies).
// Mantissas drift by at most a factor of 4.3 a step, upwards, and 0.7, downwards; `renormalise` pulls them back to 1…2
// every RENORMALISE steps.

/**
 * The exponent of an exact 0: far below any that occurs. A 0 must not carry a larger one, or it would win the maximum.
 */
export const ZERO_EXPONENT: i32 = -(1 << 29);

export const RENORMALISE: i32 = 16;

const enum Wide {
  least,
  inverseLn2,
  magic,
  infinity,
  bias,
}

/** The least exponent of e that is told apart; 1/ln2; 1.5·2²³; ∞; and 127, the bias of f32's exponents, as bits. */
const table: usize = memory.data<f32>([-1e6, 1.44269504, 12582912.0, -f32.MAX_VALUE * 2, 1.7796490496925177e-43]);

/** 1.5·2²³ as bits: adding it to a float of less than 2²² leaves the nearest integer in the low bits. */
const MAGIC_BITS: i32 = 0x4b400000;

// @ts-ignore: decorator
@inline
function shifted(bounded: v128): v128 {
  return f32x4.add(f32x4.mul(bounded, constant(table, Wide.inverseLn2)), constant(table, Wide.magic));
}

/**
 * e^z, z ≤ 0, as four mantissas in 0.7…1.42 (0 for z = −∞) at `m` and their exponents at `e`, none below −1.5·10⁶: T of
 * them must fit an i32.
 */
// @ts-ignore: decorator
@inline
export function storeWide(z: v128, m: usize, e: usize): void {
  const bounded = f32x4.pmax(z, constant(table, Wide.least));
  const n = shifted(bounded);
  const mantissa = expReduced(expRemainder(bounded, f32x4.sub(n, constant(table, Wide.magic))));
  v128.store(m, v128.andnot(mantissa, f32x4.eq(z, constant(table, Wide.infinity))));
  v128.store(e, i32x4.sub(n, i32x4.splat(MAGIC_BITS)));
}

/** 127 in each lane, loaded: V8 builds a literal anew at each use. */
// @ts-ignore: decorator
@inline
export function exponentBias(): v128 {
  return constant(table, Wide.bias);
}

/** m·2^(e − top) for e ≤ top; 0 from a difference of 127 on. `bias` is `exponentBias()`. */
// @ts-ignore: decorator
@inline
export function scaledTo(top: v128, m: v128, e: v128, bias: v128): v128 {
  const power = i32x4.max_s(i32x4.add(i32x4.sub(e, top), bias), i32x4.splat(0));
  return f32x4.mul(m, i32x4.shl(power, 23));
}

/** Splits off the binary exponents of the `bytes` mantissas at `m` and adds them to the exponents at `e`. */
export function renormalise(m: usize, e: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const mantissa = v128.load(m + i);
    const isZero = f32x4.eq(mantissa, f32x4.splat(0.0));
    const exponent = v128.andnot(i32x4.sub(i32x4.shr_u(mantissa, 23), i32x4.splat(127)), isZero);
    v128.store(m + i, i32x4.sub(mantissa, i32x4.shl(exponent, 23)));
    v128.store(e + i, i32x4.max_s(i32x4.add(v128.load(e + i), exponent), i32x4.splat(ZERO_EXPONENT)));
  }
}
