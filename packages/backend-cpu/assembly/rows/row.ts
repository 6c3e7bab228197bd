import { constant } from '../math/constants';
import { expBounded } from '../math/exp';
import { sumLanes, VECTOR } from '../support/lanes';

/** All bits set in the first `count` lanes (0…4), none in the others: keeps what stands past a row's end out of it. */
// @ts-ignore: decorator
@inline
export function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

const least: usize = memory.data<f32>([-87.0]);

/** e^x for x ≤ 0, but e^−87 = 1.6e-38 at least; NaN for NaN. */
// @ts-ignore: decorator
@inline
export function expFrom(x: v128): v128 {
  return expBounded(f32x4.pmax(x, constant(least, 0)));
}

/**
 * e^x for x ≤ 0, within 2 ulp; 0 where the result would be denormal (x < −87.3), NaN for NaN. One factor 2^n does, so
 * it takes two thirds of the time of `exp`.
 */
// @ts-ignore: decorator
@inline
export function expNonPositive(x: v128): v128 {
  return v128.andnot(expFrom(x), f32x4.lt(x, constant(least, 0)));
}

/**
 * The largest of the `count` floats at `row`, −∞ for none. It passes NaN over, as `pmax` is one instruction where `max`
 * is seven: a NaN still shows, in the sum of the exponentials.
 */
export function rowMax(row: usize, count: i32): f32 {
  const lowest = f32x4.splat(-f32.MAX_VALUE * 2);
  let a = lowest;
  let b = lowest;
  const end = row + ((<usize>count) << 2);
  let at = row;
  for (; at + 2 * VECTOR <= end; at += 2 * VECTOR) {
    a = f32x4.pmax(a, v128.load(at));
    b = f32x4.pmax(b, v128.load(at, 16));
  }
  if (at + VECTOR <= end) {
    a = f32x4.pmax(a, v128.load(at));
    at += VECTOR;
  }
  if (at < end) b = f32x4.pmax(b, v128.bitselect(v128.load(at), lowest, firstLanes(<i32>((end - at) >> 2))));
  a = f32x4.pmax(a, b);
  a = f32x4.pmax(a, i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1));
}

/**
 * Σ e^(x − shift) over the `count` floats at `row`, none of which is above `shift`. A term counts 1.6e-38 at least:
 * beside the largest, which is 1, that is nothing.
 */
export function rowExpSum(row: usize, count: i32, shift: f32): f32 {
  const top = f32x4.splat(shift);
  let a = f32x4.splat(0.0);
  let b = f32x4.splat(0.0);
  const end = row + ((<usize>count) << 2);
  let at = row;
  for (; at + 2 * VECTOR <= end; at += 2 * VECTOR) {
    a = f32x4.add(a, expFrom(f32x4.sub(v128.load(at), top)));
    b = f32x4.add(b, expFrom(f32x4.sub(v128.load(at, 16), top)));
  }
  if (at + VECTOR <= end) {
    a = f32x4.add(a, expFrom(f32x4.sub(v128.load(at), top)));
    at += VECTOR;
  }
  if (at < end) {
    const e = expFrom(f32x4.sub(v128.load(at), top));
    b = f32x4.add(b, v128.and(e, firstLanes(<i32>((end - at) >> 2))));
  }
  return sumLanes(f32x4.add(a, b));
}

/** The sum of the `count` floats at `row`. */
export function rowSum(row: usize, count: i32): f32 {
  let a = f32x4.splat(0.0);
  let b = f32x4.splat(0.0);
  const end = row + ((<usize>count) << 2);
  let at = row;
  for (; at + 2 * VECTOR <= end; at += 2 * VECTOR) {
    a = f32x4.add(a, v128.load(at));
    b = f32x4.add(b, v128.load(at, 16));
  }
  if (at + VECTOR <= end) {
    a = f32x4.add(a, v128.load(at));
    at += VECTOR;
  }
  if (at < end) b = f32x4.add(b, v128.and(v128.load(at), firstLanes(<i32>((end - at) >> 2))));
  return sumLanes(f32x4.add(a, b));
}

/** The sum of the products of the `count` floats at `x` and `y`. */
export function rowDot(x: usize, y: usize, count: i32): f32 {
  let sum = f32x4.splat(0.0);
  const whole = (<usize>(count & ~3)) << 2;
  let i: usize = 0;
  for (; i < whole; i += VECTOR) sum = f32x4.add(sum, f32x4.mul(v128.load(x + i), v128.load(y + i)));
  if ((count & 3) != 0) {
    const product = f32x4.mul(v128.load(x + i), v128.load(y + i));
    sum = f32x4.add(sum, v128.and(product, firstLanes(count & 3)));
  }
  return sumLanes(sum);
}
