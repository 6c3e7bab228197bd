import { exp } from './exp';
import { log1p } from './log';

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|): no overflow, x itself for a large x, e^x for a small one. NaN for NaN. */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), log1p(exp(f32x4.neg(f32x4.abs(x)))));
}
