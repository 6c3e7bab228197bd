import { multiplyAdd, multiplySubtract } from '../support/lanes';

/** e^r for |r| ≤ ln2/2, the Taylor polynomial of degree 7: its cut-off error there is 6e-9 relative. */
// @ts-ignore: decorator
@inline
export function expReduced(r: v128): v128 {
  let p = multiplyAdd(f32x4.splat(1.9841270e-4), r, f32x4.splat(1.3888889e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3333333e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1666667e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666667e-1));
  p = multiplyAdd(p, r, f32x4.splat(0.5));
  p = multiplyAdd(p, r, f32x4.splat(1.0));
  return multiplyAdd(p, r, f32x4.splat(1.0));
}

/** The integer nearest to x/ln2, as a float. */
// @ts-ignore: decorator
@inline
export function expExponent(x: v128): v128 {
  return f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
}

/** x − n·ln2, with ln2 in two parts (the first has 15 bits, so that n times it is exact; Cody and Waite 1980). */
// @ts-ignore: decorator
@inline
export function expRemainder(x: v128, n: v128): v128 {
  const r = multiplySubtract(n, f32x4.splat(0.693145751953125), x);
  return multiplySubtract(n, f32x4.splat(1.428606765330187e-6), r);
}

/** 2^n for an integer-valued float n in −126…127. */
// @ts-ignore: decorator
@inline
export function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
}

/**
 * e^x in f32, within 2 ulp: +∞ above 88.73, 0 below −87.33 (a denormal result would cost some 150 cycles), NaN for NaN.
 * The factor 2^n is applied in two halves, as 2^128 is no float.
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const least = f32x4.splat(-87.33654);
  const clamped = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89.0)), least);
  const n = expExponent(clamped);
  const p = expReduced(expRemainder(clamped, n));
  const half = f32x4.floor(f32x4.mul(n, f32x4.splat(0.5)));
  const result = f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(f32x4.sub(n, half)));
  return v128.andnot(result, f32x4.lt(x, least));
}

/** e^x for x in −87…88 only, where one factor 2^n will do: for code that has bounded x already. */
// @ts-ignore: decorator
@inline
export function expBounded(x: v128): v128 {
  const n = expExponent(x);
  return f32x4.mul(expReduced(expRemainder(x, n)), powerOfTwo(n));
}

/** e^r − 1 for |r| ≤ ln2/2, exact near 0. */
// @ts-ignore: decorator
@inline
function expm1Reduced(r: v128): v128 {
  let p = multiplyAdd(f32x4.splat(1.9841270e-4), r, f32x4.splat(1.3888889e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3333333e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1666667e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666667e-1));
  p = multiplyAdd(p, r, f32x4.splat(0.5));
  return multiplyAdd(f32x4.mul(p, r), r, r);
}

/** e^x − 1, exact near 0: 2^n·(e^r − 1) + (2^n − 1), all halved until the end because 2^128 is no float. */
// @ts-ignore: decorator
@inline
export function expm1(x: v128): v128 {
  const clamped = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89.0)), f32x4.splat(-30.0));
  const n = expExponent(clamped);
  const p = expm1Reduced(expRemainder(clamped, n));
  const half = powerOfTwo(f32x4.sub(n, f32x4.splat(1.0)));
  const result = f32x4.add(f32x4.mul(half, p), f32x4.sub(half, f32x4.splat(0.5)));
  return f32x4.add(result, result);
}

/** e^x − 1 for x in 0…88 only. */
// @ts-ignore: decorator
@inline
export function expm1Bounded(x: v128): v128 {
  const n = expExponent(x);
  const p = expm1Reduced(expRemainder(x, n));
  const scale = powerOfTwo(n);
  return f32x4.add(f32x4.mul(scale, p), f32x4.sub(scale, f32x4.splat(1.0)));
}
