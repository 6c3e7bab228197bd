import { multiplyAdd } from '../support/lanes';
import { constant } from './constants';

const enum Log {
  one,
  leastNormal,
  twoTo23,
  sqrtHalf,
  oneMinusSqrtHalf,
  mantissa,
  exponentOfOne,
  twentyThree,
  half,
  c9,
  c7,
  c5,
  c3,
  ln2Low,
  ln2High,
  infinity,
  largest,
}

/**
 * 1; the least normal number; 2²³; the bits of √½, of 1 less those of √½, the mantissa's, and 127 as an integer; 23; ½;
 * 2/9, 2/7, 2/5, 2/3; ln2 in two parts; +∞; the largest number.
 */
const table: usize = memory.data<u32>([
  0x3f800000, 0x00800000, 0x4b000000, 0x3f3504f3, 0x004afb0d, 0x007fffff, 127, 0x41b80000, 0x3f000000, 0x3e638e39,
  0x3e924925, 0x3ecccccd, 0x3f2aaaab, 0x35bfbe8e, 0x3f317200, 0x7f800000, 0x7f7fffff,
]);

/**
 * ln x, within 2 ulp; −∞ at 0, NaN below, +∞ at +∞, denormals included.
 * x = 2^n·m with m in [√½, √2); ln m = 2·artanh(s), s = (m − 1)/(m + 1), whose series in s² ends at s⁹ (error 2e-9).
 */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = constant(table, Log.one);
  const tiny = f32x4.lt(x, constant(table, Log.leastNormal));
  const scaled = v128.bitselect(f32x4.mul(x, constant(table, Log.twoTo23)), x, tiny);
  // Adding the distance from √½ to 1 before the exponent is cut off moves the border of the binades to √½.
  const bits = i32x4.add(scaled, constant(table, Log.oneMinusSqrtHalf));
  const exponent = i32x4.sub(i32x4.shr_s(bits, 23), constant(table, Log.exponentOfOne));
  const m = i32x4.add(v128.and(bits, constant(table, Log.mantissa)), constant(table, Log.sqrtHalf));
  const n = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(tiny, constant(table, Log.twentyThree)));
  const f = f32x4.sub(m, one);
  const s = f32x4.div(f, f32x4.add(m, one));
  const z = f32x4.mul(s, s);
  let p = multiplyAdd(constant(table, Log.c9), z, constant(table, Log.c7));
  p = multiplyAdd(p, z, constant(table, Log.c5));
  p = multiplyAdd(p, z, constant(table, Log.c3));
  // ln m = f − f²/2 + s·(f²/2 + z·p): the leading term f is exact, so that ln stays accurate beside 1.
  const halfSquare = f32x4.mul(f32x4.mul(f, f), constant(table, Log.half));
  const tail = multiplyAdd(s, multiplyAdd(z, p, halfSquare), f32x4.mul(n, constant(table, Log.ln2Low)));
  let result = f32x4.add(f32x4.sub(f, f32x4.sub(halfSquare, tail)), f32x4.mul(n, constant(table, Log.ln2High)));
  const infinity = constant(table, Log.infinity);
  result = v128.bitselect(x, result, f32x4.eq(x, infinity));
  result = v128.bitselect(f32x4.neg(infinity), result, f32x4.eq(x, zero));
  // x ≥ 0 is false for negative numbers and for NaN: all bits set is a NaN.
  return v128.or(result, v128.not(f32x4.ge(x, zero)));
}

/** ln(1 + x), exact near 0: ln u + (x − (u − 1))/u with u = 1 + x corrects the rounding of the sum. */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  const one = constant(table, Log.one);
  const u = f32x4.add(one, x);
  const correction = f32x4.div(f32x4.sub(x, f32x4.sub(u, one)), u);
  const finite = f32x4.lt(f32x4.abs(u), constant(table, Log.largest));
  const ordinary = v128.and(finite, f32x4.gt(u, f32x4.splat(0)));
  return f32x4.add(log(u), v128.and(correction, ordinary));
}
