import { multiplyAdd, multiplySubtract } from '../support/lanes';
import { constant } from './constants';

const enum Exp {
  inverseLn2,
  magic,
  ln2High,
  ln2Low,
  c7,
  c6,
  c5,
  c4,
  c3,
  half,
  one,
  most,
  least,
  leastMinus1,
}

/**
 * 1/ln2; 1.5·2²³; ln2 in two parts (the first has 15 bits, so that an integer times it is exact; Cody and Waite 1980);
 * 1/7! down to 1/3!; ½; 1; and the ends of the ranges.
 */
const table: usize = memory.data<f32>([
  1.44269504, 12582912.0, 0.693145751953125, 1.428606765330187e-6, 1.984127e-4, 1.3888889e-3, 8.3333333e-3,
  4.1666667e-2, 1.6666667e-1, 0.5, 1.0, 89.0, -86.9, -30.0,
]);

/** n + 1.5·2²³ for the integer n nearest to x/ln2: the sum rounds to an integer, and its last bits are those of n. */
// @ts-ignore: decorator
@inline
function shiftedExponent(x: v128): v128 {
  return multiplyAdd(x, constant(table, Exp.inverseLn2), constant(table, Exp.magic));
}

/** x − n·ln2 for an integer-valued float n: in −ln2/2…ln2/2 if n is nearest to x/ln2. */
// @ts-ignore: decorator
@inline
export function expRemainder(x: v128, n: v128): v128 {
  return multiplySubtract(n, constant(table, Exp.ln2Low), multiplySubtract(n, constant(table, Exp.ln2High), x));
}

// @ts-ignore: decorator
@inline
function remainder(x: v128, shifted: v128): v128 {
  return expRemainder(x, f32x4.sub(shifted, constant(table, Exp.magic)));
}

/** 2^(n + add) for n + add in −126…127; the shift drops all of the magic number. */
// @ts-ignore: decorator
@inline
function powerOfTwo(shifted: v128, add: i32): v128 {
  return i32x4.shl(i32x4.add(shifted, i32x4.splat(127 + add)), 23);
}

/** (e^r − 1 − r)/r for |r| ≤ ln2/2, the Taylor polynomial: what it cuts off is 6e-9 of e^r. */
// @ts-ignore: decorator
@inline
function polynomial(r: v128): v128 {
  let p = multiplyAdd(constant(table, Exp.c7), r, constant(table, Exp.c6));
  p = multiplyAdd(p, r, constant(table, Exp.c5));
  p = multiplyAdd(p, r, constant(table, Exp.c4));
  p = multiplyAdd(p, r, constant(table, Exp.c3));
  return multiplyAdd(p, r, constant(table, Exp.half));
}

/** e^r for |r| ≤ ln2/2. */
// @ts-ignore: decorator
@inline
export function expReduced(r: v128): v128 {
  const one = constant(table, Exp.one);
  return multiplyAdd(multiplyAdd(polynomial(r), r, one), r, one);
}

// @ts-ignore: decorator
@inline
function expm1Reduced(r: v128): v128 {
  return multiplyAdd(f32x4.mul(polynomial(r), r), r, r);
}

/**
 * e^x in f32, within 2 ulp: +∞ above 88.73, 0 below −86.9 (a denormal result would cost some 150 cycles), NaN for NaN.
 * It is 2·e^r·2^(n−1), as 2^128 is no float.
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const least = constant(table, Exp.least);
  const bounded = f32x4.pmax(f32x4.pmin(x, constant(table, Exp.most)), least);
  const shifted = shiftedExponent(bounded);
  const p = expReduced(remainder(bounded, shifted));
  const result = f32x4.mul(f32x4.add(p, p), powerOfTwo(shifted, -1));
  return v128.andnot(result, f32x4.lt(x, least));
}

/** e^x for x in −87…89 only, where one factor 2^n will do, +∞ from 88.4 on: for code that has bounded x already. */
// @ts-ignore: decorator
@inline
export function expBounded(x: v128): v128 {
  const shifted = shiftedExponent(x);
  return f32x4.mul(expReduced(remainder(x, shifted)), powerOfTwo(shifted, 0));
}

/** e^x − 1, exact near 0: 2^n·(e^r − 1) + (2^n − 1), all halved until the end because 2^128 is no float. */
// @ts-ignore: decorator
@inline
export function expm1(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.pmin(x, constant(table, Exp.most)), constant(table, Exp.leastMinus1));
  const shifted = shiftedExponent(bounded);
  const p = expm1Reduced(remainder(bounded, shifted));
  const half = powerOfTwo(shifted, -1);
  const result = multiplyAdd(half, p, f32x4.sub(half, constant(table, Exp.half)));
  return f32x4.add(result, result);
}

/** e^x − 1 for x in 0…88 only. */
// @ts-ignore: decorator
@inline
export function expm1Bounded(x: v128): v128 {
  const shifted = shiftedExponent(x);
  const p = expm1Reduced(remainder(x, shifted));
  const scale = powerOfTwo(shifted, 0);
  return multiplyAdd(scale, p, f32x4.sub(scale, constant(table, Exp.one)));
}
