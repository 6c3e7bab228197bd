import { cos, exp, expm1, log, log1p, power, sigmoid, sin, softplus, tanh } from '../math';
import { float, integer, pointer } from '../support/arguments';
import { multiplyAdd, storeLanes } from '../support/lanes';
import { partStart } from '../support/split';

const enum Op {
  negative,
  absolute,
  sign,
  affine,
  power,
  clamp,
  exp,
  expm1,
  log,
  log1p,
  sqrt,
  rsqrt,
  reciprocal,
  square,
  sin,
  cos,
  tanh,
  sigmoid,
  relu,
  softplus,
  floor,
  ceil,
  isFinite,
  negativeInteger,
  absoluteInteger,
  signInteger,
  logicalNot,
  f32ToI32,
  f32ToU32,
  i32ToF32,
  u32ToF32,
}

/** One op on four lanes; `op` is a constant, so only its line is left after inlining. */
// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128, alpha: v128, beta: v128): v128 {
  const one = f32x4.splat(1);
  if (op == Op.negative) return f32x4.neg(x);
  if (op == Op.absolute) return f32x4.abs(x);
  if (op == Op.sign) {
    const zero = f32x4.splat(0);
    const sign = f32x4.sub(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), one));
    return v128.bitselect(sign, x, f32x4.eq(x, x)); // NaN stays
  }
  if (op == Op.affine) return multiplyAdd(alpha, x, beta);
  if (op == Op.power) return power(x, alpha);
  if (op == Op.clamp) return f32x4.pmin(f32x4.pmax(x, alpha), beta);
  if (op == Op.exp) return exp(x);
  if (op == Op.expm1) return expm1(x);
  if (op == Op.log) return log(x);
  if (op == Op.log1p) return log1p(x);
  if (op == Op.sqrt) return f32x4.sqrt(x);
  if (op == Op.rsqrt) return f32x4.div(one, f32x4.sqrt(x));
  if (op == Op.reciprocal) return f32x4.div(one, x);
  if (op == Op.square) return f32x4.mul(x, x);
  if (op == Op.sin) return sin(x);
  if (op == Op.cos) return cos(x);
  if (op == Op.tanh) return tanh(x);
  if (op == Op.sigmoid) return sigmoid(x);
  if (op == Op.relu) return f32x4.pmax(x, f32x4.splat(0));
  if (op == Op.softplus) return softplus(x);
  if (op == Op.floor) return f32x4.floor(x);
  if (op == Op.ceil) return f32x4.ceil(x);
  if (op == Op.isFinite) return v128.and(f32x4.le(f32x4.abs(x), f32x4.splat(f32.MAX_VALUE)), i32x4.splat(1));
  if (op == Op.negativeInteger) return i32x4.neg(x);
  if (op == Op.absoluteInteger) return i32x4.abs(x);
  if (op == Op.signInteger) return i32x4.max_s(i32x4.min_s(x, i32x4.splat(1)), i32x4.splat(-1));
  if (op == Op.logicalNot) return v128.and(i32x4.eq(x, i32x4.splat(0)), i32x4.splat(1));
  if (op == Op.f32ToI32) return i32x4.trunc_sat_f32x4_s(x);
  if (op == Op.f32ToU32) return i32x4.trunc_sat_f32x4_u(x);
  if (op == Op.i32ToF32) return f32x4.convert_i32x4_s(x);
  return f32x4.convert_i32x4_u(x);
}

/** out = op(input). Slots: input, out, length, then floats: alpha, beta. */
// @ts-ignore: decorator
@inline
function loop(op: i32, args: usize, part: i32, parts: i32): void {
  const length = integer(args, 2);
  const start = partStart(length, part, parts, 16);
  const count = partStart(length, part + 1, parts, 16) - start;
  const alpha = f32x4.splat(float(args, 3));
  const beta = f32x4.splat(float(args, 4));
  let input = pointer(args, 0) + ((<usize>start) << 2);
  let out = pointer(args, 1) + ((<usize>start) << 2);
  const end = out + ((<usize>(count & ~3)) << 2);
  while (out < end) {
    v128.store(out, apply(op, v128.load(input), alpha, beta));
    input += 16;
    out += 16;
  }
  if (count & 3) storeLanes(out, apply(op, v128.load(input), alpha, beta), count & 3);
}

export function unaryNegative(args: usize, part: i32, parts: i32): void {
  loop(Op.negative, args, part, parts);
}
export function unaryAbsolute(args: usize, part: i32, parts: i32): void {
  loop(Op.absolute, args, part, parts);
}
export function unarySign(args: usize, part: i32, parts: i32): void {
  loop(Op.sign, args, part, parts);
}
export function unaryAffine(args: usize, part: i32, parts: i32): void {
  loop(Op.affine, args, part, parts);
}
export function unaryPower(args: usize, part: i32, parts: i32): void {
  loop(Op.power, args, part, parts);
}
export function unaryClamp(args: usize, part: i32, parts: i32): void {
  loop(Op.clamp, args, part, parts);
}
export function unaryExp(args: usize, part: i32, parts: i32): void {
  loop(Op.exp, args, part, parts);
}
export function unaryExpm1(args: usize, part: i32, parts: i32): void {
  loop(Op.expm1, args, part, parts);
}
export function unaryLog(args: usize, part: i32, parts: i32): void {
  loop(Op.log, args, part, parts);
}
export function unaryLog1p(args: usize, part: i32, parts: i32): void {
  loop(Op.log1p, args, part, parts);
}
export function unarySqrt(args: usize, part: i32, parts: i32): void {
  loop(Op.sqrt, args, part, parts);
}
export function unaryRsqrt(args: usize, part: i32, parts: i32): void {
  loop(Op.rsqrt, args, part, parts);
}
export function unaryReciprocal(args: usize, part: i32, parts: i32): void {
  loop(Op.reciprocal, args, part, parts);
}
export function unarySquare(args: usize, part: i32, parts: i32): void {
  loop(Op.square, args, part, parts);
}
export function unarySin(args: usize, part: i32, parts: i32): void {
  loop(Op.sin, args, part, parts);
}
export function unaryCos(args: usize, part: i32, parts: i32): void {
  loop(Op.cos, args, part, parts);
}
export function unaryTanh(args: usize, part: i32, parts: i32): void {
  loop(Op.tanh, args, part, parts);
}
export function unarySigmoid(args: usize, part: i32, parts: i32): void {
  loop(Op.sigmoid, args, part, parts);
}
export function unaryRelu(args: usize, part: i32, parts: i32): void {
  loop(Op.relu, args, part, parts);
}
export function unarySoftplus(args: usize, part: i32, parts: i32): void {
  loop(Op.softplus, args, part, parts);
}
export function unaryFloor(args: usize, part: i32, parts: i32): void {
  loop(Op.floor, args, part, parts);
}
export function unaryCeil(args: usize, part: i32, parts: i32): void {
  loop(Op.ceil, args, part, parts);
}
export function unaryIsFinite(args: usize, part: i32, parts: i32): void {
  loop(Op.isFinite, args, part, parts);
}
export function unaryNegativeInteger(args: usize, part: i32, parts: i32): void {
  loop(Op.negativeInteger, args, part, parts);
}
export function unaryAbsoluteInteger(args: usize, part: i32, parts: i32): void {
  loop(Op.absoluteInteger, args, part, parts);
}
export function unarySignInteger(args: usize, part: i32, parts: i32): void {
  loop(Op.signInteger, args, part, parts);
}
export function unaryLogicalNot(args: usize, part: i32, parts: i32): void {
  loop(Op.logicalNot, args, part, parts);
}
export function castF32ToI32(args: usize, part: i32, parts: i32): void {
  loop(Op.f32ToI32, args, part, parts);
}
export function castF32ToU32(args: usize, part: i32, parts: i32): void {
  loop(Op.f32ToU32, args, part, parts);
}
export function castI32ToF32(args: usize, part: i32, parts: i32): void {
  loop(Op.i32ToF32, args, part, parts);
}
export function castU32ToF32(args: usize, part: i32, parts: i32): void {
  loop(Op.u32ToF32, args, part, parts);
}
