import { expReduced, expRemainder } from '../math/exp';

// Probabilities of whole paths leave the range of f32, and of f64, long before T = 1,000, and a common factor for each
// step does not save them: where the network says "blank" with 1 − 1e-6, the states that matter at the end start out
// 1e-600 below the largest. So the recursions work on numbers m·2^e with an f32 mantissa and an i32 exponent of their
// own. Adding two of them takes integer operations and no exp or log, and the relative error of a step stays that of an
// f32 product: at T = 2,000 the loss is within 1e-6 of float64 and the occupancies within 1e-5 (in f32 logarithms the
// alphas of T = 2,000 have an absolute error of 1e-3 each, which is a relative one in the occupancies).
// Mantissas drift by at most a factor of 4.3 a step, upwards, and 0.7, downwards; `renormalise` pulls them back to 1…2
// every RENORMALISE steps.

/** The exponent of an exact 0: far below any that occurs. A 0 must not carry a larger one, or it would win the maximum. */
export const ZERO_EXPONENT: i32 = -(1 << 29);

export const RENORMALISE: i32 = 16;

/** The exponent of e^z, z ≤ 0, as integers. Below −10⁶ it stays at −10⁶: T of them must fit an i32. */
// @ts-ignore: decorator
@inline
export function wideExponent(z: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(exponentOf(f32x4.pmax(z, f32x4.splat(-1e6))));
}

/** The mantissa of e^z in 0.7…1.42, or 0 for z = −∞. */
// @ts-ignore: decorator
@inline
export function wideMantissa(z: v128): v128 {
  const bounded = f32x4.pmax(z, f32x4.splat(-1e6));
  const m = expReduced(expRemainder(bounded, exponentOf(bounded)));
  return v128.andnot(m, f32x4.eq(z, f32x4.splat(-f32.MAX_VALUE * 2)));
}

// @ts-ignore: decorator
@inline
function exponentOf(z: v128): v128 {
  return f32x4.nearest(f32x4.mul(z, f32x4.splat(1.44269504)));
}

/** m·2^(e − top) for e ≤ top; 0 from a difference of 127 on. */
// @ts-ignore: decorator
@inline
export function scaledTo(top: v128, m: v128, e: v128): v128 {
  const power = i32x4.max_s(i32x4.add(i32x4.sub(e, top), i32x4.splat(127)), i32x4.splat(0));
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
