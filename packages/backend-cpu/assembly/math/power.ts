import { multiplyAdd64 } from '../support/lanes';

// x^y = 2^(y·log2 x) in f64, two lanes at a time: in f32 the rounding of y·log2 x alone, up to 128, would cost 64 ulp.

const enum Power {
  one,
  sqrtHalf,
  oneMinusSqrtHalf,
  mantissa,
  twoTo52,
  bias,
  twoOverLn2,
  c13,
  c11,
  c9,
  c7,
  c5,
  c3,
  most,
  least,
  magic,
  integerBias,
  e7,
  e6,
  e5,
  e4,
  e3,
  e2,
  e1,
}

/**
 * 1; the bits of √½, and of 1 less those; the mantissa's; 2⁵²; 2⁵² + 1023; 2/ln2; 1/13 … 1/3; the ends of the exponent;
 * 1.5·2⁵²; 1023 as an integer; ln2ⁿ/n! for n = 7 … 1.
 */
const table: usize = memory.data<u64>([
  0x3ff0000000000000, 0x3fe6a09e667f3bcd, 0x00095f619980c433, 0x000fffffffffffff, 0x4330000000000000,
  0x43300000000003ff, 0x40071547652b82fe, 0x3fb3b13b13b13b14, 0x3fb745d1745d1746, 0x3fbc71c71c71c71c,
  0x3fc2492492492492, 0x3fc999999999999a, 0x3fd5555555555555, 0x4064000000000000, 0xc064000000000000,
  0x4338000000000000, 1023, 0x3eeffcbfc588b0c5, 0x3f2430912f86c786, 0x3f55d87fe78a6730, 0x3f83b2ab6fba4e77,
  0x3fac6b08d704a0bf, 0x3fcebfbdff82c58e, 0x3fe62e42fefa39ef,
]);

// @ts-ignore: decorator
@inline
function constant(index: i32): v128 {
  return v128.load64_splat(table + ((<usize>index) << 3));
}

/**
 * log2 of two positive normal f64, within 2e-12: x = 2^n·m with m in [√½, √2), and log2 m = 2/ln2·artanh(s) for
 * s = (m − 1)/(m + 1), whose series ends at s¹³.
 */
// @ts-ignore: decorator
@inline
function log2Pair(x: v128): v128 {
  const bits = i64x2.add(x, constant(Power.oneMinusSqrtHalf));
  // The exponent becomes a float by standing in the last bits of one.
  const n = f64x2.sub(v128.or(i64x2.shr_u(bits, 52), constant(Power.twoTo52)), constant(Power.bias));
  const m = i64x2.add(v128.and(bits, constant(Power.mantissa)), constant(Power.sqrtHalf));
  const one = constant(Power.one);
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const z = f64x2.mul(s, s);
  let p = multiplyAdd64(constant(Power.c13), z, constant(Power.c11));
  p = multiplyAdd64(p, z, constant(Power.c9));
  p = multiplyAdd64(p, z, constant(Power.c7));
  p = multiplyAdd64(p, z, constant(Power.c5));
  p = multiplyAdd64(p, z, constant(Power.c3));
  p = multiplyAdd64(p, z, one);
  return multiplyAdd64(f64x2.mul(p, s), constant(Power.twoOverLn2), n);
}

/** 2^t of two f64, within 6e-9 relative; past ±160, beyond all of f32, it stays there. */
// @ts-ignore: decorator
@inline
function exp2Pair(t: v128): v128 {
  const bounded = f64x2.pmax(f64x2.pmin(t, constant(Power.most)), constant(Power.least));
  const shifted = f64x2.add(bounded, constant(Power.magic));
  const f = f64x2.sub(bounded, f64x2.sub(shifted, constant(Power.magic)));
  let p = multiplyAdd64(constant(Power.e7), f, constant(Power.e6));
  p = multiplyAdd64(p, f, constant(Power.e5));
  p = multiplyAdd64(p, f, constant(Power.e4));
  p = multiplyAdd64(p, f, constant(Power.e3));
  p = multiplyAdd64(p, f, constant(Power.e2));
  p = multiplyAdd64(p, f, constant(Power.e1));
  p = multiplyAdd64(p, f, constant(Power.one));
  return f64x2.mul(p, i64x2.shl(i64x2.add(shifted, constant(Power.integerBias)), 52));
}

// @ts-ignore: decorator
@inline
function powerPair(x: v128, y: v128): v128 {
  return f32x4.demote_f64x2_zero(exp2Pair(f64x2.mul(f64x2.promote_low_f32x4(y), log2Pair(f64x2.promote_low_f32x4(x)))));
}

// @ts-ignore: decorator
@inline
function upperHalf(x: v128): v128 {
  return i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** Zeros, infinities and NaN have rules of their own: AssemblyScript's f32 power knows them. */
function powerLanes(x: v128, y: v128): v128 {
  let z = f32x4.splat(Mathf.pow(f32x4.extract_lane(x, 0), f32x4.extract_lane(y, 0)));
  z = f32x4.replace_lane(z, 1, Mathf.pow(f32x4.extract_lane(x, 1), f32x4.extract_lane(y, 1)));
  z = f32x4.replace_lane(z, 2, Mathf.pow(f32x4.extract_lane(x, 2), f32x4.extract_lane(y, 2)));
  return f32x4.replace_lane(z, 3, Mathf.pow(f32x4.extract_lane(x, 3), f32x4.extract_lane(y, 3)));
}

/** x^y, within 1 ulp. For a negative x: NaN for a fractional y, and the sign of (−1)^y for an integer. */
export function power(x: v128, y: v128): v128 {
  const zero = f32x4.splat(0);
  const infinity = f32x4.splat(f32.MAX_VALUE * 2);
  const magnitude = f32x4.abs(x);
  const isOrdinary = v128.and(
    v128.and(f32x4.gt(magnitude, zero), f32x4.lt(magnitude, infinity)),
    f32x4.lt(f32x4.abs(y), infinity),
  );
  if (!i32x4.all_true(isOrdinary)) return powerLanes(x, y);
  const low = powerPair(magnitude, y);
  const high = powerPair(upperHalf(magnitude), upperHalf(y));
  const result = i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
  const isNegative = f32x4.lt(x, zero);
  if (!v128.any_true(isNegative)) return result;
  const half = f32x4.mul(y, f32x4.splat(0.5));
  const isInteger = f32x4.eq(y, f32x4.floor(y));
  const isOdd = v128.and(isInteger, f32x4.ne(half, f32x4.floor(half)));
  const sign = v128.and(v128.and(isNegative, isOdd), i32x4.splat(0x80000000));
  return v128.or(v128.xor(result, sign), v128.andnot(isNegative, isInteger));
}
