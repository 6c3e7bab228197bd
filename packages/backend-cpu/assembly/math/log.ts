import { multiplyAdd } from '../support/lanes';

/**
 * ln x, within 2 ulp; −∞ at 0, NaN below, +∞ at +∞, denormals included.
 * x = 2^n·m with m in [√½, √2); ln m = 2·artanh(s), s = (m − 1)/(m + 1), whose series in s² ends at s⁹ (error 2e-9).
 */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608.0)), x, tiny);
  // Adding the distance from √½ to 1 before the exponent is cut off moves the border of the binades to √½.
  const bits = i32x4.add(scaled, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const exponent = i32x4.sub(i32x4.shr_s(bits, 23), i32x4.splat(127));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const n = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(tiny, f32x4.splat(23.0)));
  const f = f32x4.sub(m, one);
  const s = f32x4.div(f, f32x4.add(m, one));
  const z = f32x4.mul(s, s);
  let p = multiplyAdd(f32x4.splat(0.22222222), z, f32x4.splat(0.28571429));
  p = multiplyAdd(p, z, f32x4.splat(0.4));
  p = multiplyAdd(p, z, f32x4.splat(0.66666667));
  // ln m = f − f²/2 + s·(f²/2 + z·p): the leading term f is exact, so that ln stays accurate beside 1.
  const halfSquare = f32x4.mul(f32x4.mul(f, f), f32x4.splat(0.5));
  const tail = multiplyAdd(s, multiplyAdd(z, p, halfSquare), f32x4.mul(n, f32x4.splat(1.428606765330187e-6)));
  let result = f32x4.add(f32x4.sub(f, f32x4.sub(halfSquare, tail)), f32x4.mul(n, f32x4.splat(0.693145751953125)));
  const infinity = f32x4.splat(f32.MAX_VALUE * 2);
  result = v128.bitselect(x, result, f32x4.eq(x, infinity));
  result = v128.bitselect(f32x4.neg(infinity), result, f32x4.eq(x, f32x4.splat(0.0)));
  // x ≥ 0 is false for negative numbers and for NaN: all bits set is a NaN.
  return v128.or(result, v128.not(f32x4.ge(x, f32x4.splat(0.0))));
}

/** ln(1 + x), exact near 0: ln u + (x − (u − 1))/u with u = 1 + x corrects the rounding of the sum. */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const u = f32x4.add(one, x);
  const correction = f32x4.div(f32x4.sub(x, f32x4.sub(u, one)), u);
  const finite = f32x4.lt(f32x4.abs(u), f32x4.splat(f32.MAX_VALUE));
  const ordinary = v128.and(finite, f32x4.gt(u, f32x4.splat(0.0)));
  return f32x4.add(log(u), v128.and(correction, ordinary));
}
