// sin and cos in f64: two lanes at a time, rounded to f32 at the end, so the range reduction costs no accuracy.

/** π/2 in two parts; the first has 25 bits, so that n times it is exact for |n| < 2^28. */
// @ts-ignore: decorator
@inline
const HALF_PI_HIGH: f64 = 1.5707963109016418457;
// @ts-ignore: decorator
@inline
const HALF_PI_LOW: f64 = 1.58932547735281966916e-8;

/** Up to here the two-part reduction holds; beyond, lane by lane. */
// @ts-ignore: decorator
@inline
const REDUCIBLE: f32 = 1e8;

/** sin(x + shift·π/2) of two f64 lanes, by Taylor polynomials on |r| ≤ π/4 (cut-off 2e-9). */
// @ts-ignore: decorator
@inline
function sinPair(x: v128, shift: f64): v128 {
  const n = f64x2.nearest(f64x2.mul(x, f64x2.splat(0.63661977236758134308)));
  const r = f64x2.sub(f64x2.sub(x, f64x2.mul(n, f64x2.splat(HALF_PI_HIGH))), f64x2.mul(n, f64x2.splat(HALF_PI_LOW)));
  const z = f64x2.mul(r, r);
  let s = f64x2.add(f64x2.mul(z, f64x2.splat(1.0 / 362880.0)), f64x2.splat(-1.0 / 5040.0));
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(1.0 / 120.0));
  s = f64x2.add(f64x2.mul(s, z), f64x2.splat(-1.0 / 6.0));
  s = f64x2.add(f64x2.mul(f64x2.mul(s, z), r), r);
  let c = f64x2.add(f64x2.mul(z, f64x2.splat(-1.0 / 3628800.0)), f64x2.splat(1.0 / 40320.0));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(-1.0 / 720.0));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(1.0 / 24.0));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(-0.5));
  c = f64x2.add(f64x2.mul(c, z), f64x2.splat(1.0));
  // The quadrant n + shift: odd ones take the cosine, those with bit 1 the minus sign.
  const turn = f64x2.add(n, f64x2.splat(shift));
  const half = f64x2.mul(turn, f64x2.splat(0.5));
  const odd = f64x2.ne(half, f64x2.floor(half));
  const quarter = f64x2.mul(f64x2.floor(half), f64x2.splat(0.5));
  const negative = f64x2.ne(quarter, f64x2.floor(quarter));
  const value = v128.bitselect(c, s, odd);
  return v128.xor(value, v128.and(negative, i64x2.splat(0x8000000000000000)));
}

// @ts-ignore: decorator
@inline
function sinShifted(x: v128, shift: f64): v128 {
  const low = f32x4.demote_f64x2_zero(sinPair(f64x2.promote_low_f32x4(x), shift));
  const upper = i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const high = f32x4.demote_f64x2_zero(sinPair(f64x2.promote_low_f32x4(upper), shift));
  return i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

// @ts-ignore: decorator
@inline
function isReducible(x: v128): bool {
  return v128.any_true(f32x4.gt(f32x4.abs(x), f32x4.splat(REDUCIBLE))) == false;
}

function sinLanes(x: v128): v128 {
  let y = f32x4.splat(Mathf.sin(f32x4.extract_lane(x, 0)));
  y = f32x4.replace_lane(y, 1, Mathf.sin(f32x4.extract_lane(x, 1)));
  y = f32x4.replace_lane(y, 2, Mathf.sin(f32x4.extract_lane(x, 2)));
  return f32x4.replace_lane(y, 3, Mathf.sin(f32x4.extract_lane(x, 3)));
}

function cosLanes(x: v128): v128 {
  let y = f32x4.splat(Mathf.cos(f32x4.extract_lane(x, 0)));
  y = f32x4.replace_lane(y, 1, Mathf.cos(f32x4.extract_lane(x, 1)));
  y = f32x4.replace_lane(y, 2, Mathf.cos(f32x4.extract_lane(x, 2)));
  return f32x4.replace_lane(y, 3, Mathf.cos(f32x4.extract_lane(x, 3)));
}

/** sin x, x in radians, within 1 ulp; NaN for infinities. */
export function sin(x: v128): v128 {
  return isReducible(x) ? sinShifted(x, 0) : sinLanes(x);
}

/** cos x, x in radians, within 1 ulp; NaN for infinities. */
export function cos(x: v128): v128 {
  return isReducible(x) ? sinShifted(x, 1) : cosLanes(x);
}
