import { expBounded, expm1Bounded } from './exp';

/** 1/(1 + e^−x), within 3 ulp down to x = −87, where it stays at 1.6e-38: denormal results are slow. NaN for NaN. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const bounded = f32x4.pmax(f32x4.pmin(f32x4.neg(x), f32x4.splat(87.0)), f32x4.splat(-87.0));
  return f32x4.div(one, f32x4.add(one, expBounded(bounded)));
}

/**
 * tanh x = (e^2|x| − 1)/(e^2|x| + 1) with the sign of x. The numerator comes from expm1, so the relative accuracy
 * (3 ulp) holds down to 0; from 9.02 on the result is ±1 in f32. NaN for NaN.
 */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const magnitude = f32x4.pmin(f32x4.abs(x), f32x4.splat(9.1));
  const e = expm1Bounded(f32x4.add(magnitude, magnitude));
  const ratio = f32x4.div(e, f32x4.add(e, f32x4.splat(2.0)));
  return v128.bitselect(x, ratio, i32x4.splat(0x80000000));
}
