import { constant } from './constants';
import { expBounded, expm1Bounded } from './exp';

const enum Gate {
  one,
  two,
  ends,
  negativeEnd,
  saturated,
  sign,
}

/** 1; 2; the ends 89 and −87 of −x in the sigmoid; 9.1, where tanh is 1; and −0, whose one bit is the sign. */
const table: usize = memory.data<f32>([1.0, 2.0, 89.0, -87.0, 9.1, -0.0]);

/**
 * 1/(1 + e^−x), within 3 ulp; NaN for NaN. Below x = −88.4 the power of two is +∞, and the result is exactly 0, as it
 * is in float64 rounded: 0·∞ is then NaN on every backend alike.
 */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = constant(table, Gate.one);
  const bounded = f32x4.pmax(
    f32x4.pmin(v128.xor(x, constant(table, Gate.sign)), constant(table, Gate.ends)),
    constant(table, Gate.negativeEnd),
  );
  return f32x4.div(one, f32x4.add(one, expBounded(bounded)));
}

/**
 * tanh x = (e^2|x| − 1)/(e^2|x| + 1) with the sign of x. The numerator comes from expm1, so the relative accuracy
 * (3 ulp) holds down to 0; from 9.02 on the result is ±1 in f32. NaN for NaN.
 */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const sign = constant(table, Gate.sign);
  const magnitude = f32x4.pmin(v128.andnot(x, sign), constant(table, Gate.saturated));
  const e = expm1Bounded(f32x4.add(magnitude, magnitude));
  const ratio = f32x4.div(e, f32x4.add(e, constant(table, Gate.two)));
  return v128.or(ratio, v128.and(x, sign));
}
