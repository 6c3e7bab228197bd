import { power } from '../math';
import { integer, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { loadStrided, loadStridedTail, rowOffset } from '../support/layout';
import { partStart } from '../support/split';

const enum Op {
  add,
  subtract,
  multiply,
  divide,
  power,
  maximum,
  minimum,
  equal,
  notEqual,
  less,
  lessEqual,
  greater,
  greaterEqual,
  addInteger,
  subtractInteger,
  multiplyInteger,
  divideSigned,
  divideUnsigned,
  maximumSigned,
  maximumUnsigned,
  minimumSigned,
  minimumUnsigned,
  equalInteger,
  notEqualInteger,
  lessSigned,
  lessUnsigned,
  lessEqualSigned,
  lessEqualUnsigned,
  greaterSigned,
  greaterUnsigned,
  greaterEqualSigned,
  greaterEqualUnsigned,
  and,
  or,
  xor,
}

/** The quotient towards 0; 0 where b is 0, and −2³¹ for −2³¹/−1, which the instruction itself would trap on. */
function divideLane(a: i32, b: i32): i32 {
  if (b == 0) return 0;
  return b == -1 ? -a : a / b;
}

function divideSigned(a: v128, b: v128): v128 {
  let q = i32x4.splat(divideLane(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
  q = i32x4.replace_lane(q, 1, divideLane(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
  q = i32x4.replace_lane(q, 2, divideLane(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
  return i32x4.replace_lane(q, 3, divideLane(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
}

function divideUnsignedLane(a: u32, b: u32): i32 {
  return b == 0 ? 0 : <i32>(a / b);
}

function divideUnsigned(a: v128, b: v128): v128 {
  let q = i32x4.splat(divideUnsignedLane(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
  q = i32x4.replace_lane(q, 1, divideUnsignedLane(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
  q = i32x4.replace_lane(q, 2, divideUnsignedLane(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
  return i32x4.replace_lane(q, 3, divideUnsignedLane(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
}

/** A comparison's lanes of all ones as the 1 of a mask. */
// @ts-ignore: decorator
@inline
function mask(lanes: v128): v128 {
  return v128.and(lanes, i32x4.splat(1));
}

/** One op on four lanes; `op` is a constant, so only its line is left after inlining. */
// @ts-ignore: decorator
@inline
function apply(op: i32, a: v128, b: v128): v128 {
  if (op == Op.add) return f32x4.add(a, b);
  if (op == Op.subtract) return f32x4.sub(a, b);
  if (op == Op.multiply) return f32x4.mul(a, b);
  if (op == Op.divide) return f32x4.div(a, b);
  if (op == Op.power) return power(a, b);
  if (op == Op.maximum) return f32x4.max(a, b);
  if (op == Op.minimum) return f32x4.min(a, b);
  if (op == Op.equal) return mask(f32x4.eq(a, b));
  if (op == Op.notEqual) return mask(f32x4.ne(a, b));
  if (op == Op.less) return mask(f32x4.lt(a, b));
  if (op == Op.lessEqual) return mask(f32x4.le(a, b));
  if (op == Op.greater) return mask(f32x4.gt(a, b));
  if (op == Op.greaterEqual) return mask(f32x4.ge(a, b));
  if (op == Op.addInteger) return i32x4.add(a, b);
  if (op == Op.subtractInteger) return i32x4.sub(a, b);
  if (op == Op.multiplyInteger) return i32x4.mul(a, b);
  if (op == Op.divideSigned) return divideSigned(a, b);
  if (op == Op.divideUnsigned) return divideUnsigned(a, b);
  if (op == Op.maximumSigned) return i32x4.max_s(a, b);
  if (op == Op.maximumUnsigned) return i32x4.max_u(a, b);
  if (op == Op.minimumSigned) return i32x4.min_s(a, b);
  if (op == Op.minimumUnsigned) return i32x4.min_u(a, b);
  if (op == Op.equalInteger) return mask(i32x4.eq(a, b));
  if (op == Op.notEqualInteger) return mask(i32x4.ne(a, b));
  if (op == Op.lessSigned) return mask(i32x4.lt_s(a, b));
  if (op == Op.lessUnsigned) return mask(i32x4.lt_u(a, b));
  if (op == Op.lessEqualSigned) return mask(i32x4.le_s(a, b));
  if (op == Op.lessEqualUnsigned) return mask(i32x4.le_u(a, b));
  if (op == Op.greaterSigned) return mask(i32x4.gt_s(a, b));
  if (op == Op.greaterUnsigned) return mask(i32x4.gt_u(a, b));
  if (op == Op.greaterEqualSigned) return mask(i32x4.ge_s(a, b));
  if (op == Op.greaterEqualUnsigned) return mask(i32x4.ge_u(a, b));
  if (op == Op.and) return v128.and(a, b);
  if (op == Op.or) return v128.or(a, b);
  return v128.xor(a, b);
}

/** A run of `count` elements within one row. The usual strides have loops of their own. */
// @ts-ignore: decorator
@inline
function applyRow(op: i32, a: usize, aStride: i32, b: usize, bStride: i32, out: usize, count: i32): void {
  const end = out + ((<usize>(count & ~3)) << 2);
  if (aStride == 1 && bStride == 1) {
    while (out < end) {
      v128.store(out, apply(op, v128.load(a), v128.load(b)));
      a += 16;
      b += 16;
      out += 16;
    }
  } else if (aStride == 1 && bStride == 0) {
    const scalar = v128.load32_splat(b);
    while (out < end) {
      v128.store(out, apply(op, v128.load(a), scalar));
      a += 16;
      out += 16;
    }
  } else if (aStride == 0 && bStride == 1) {
    const scalar = v128.load32_splat(a);
    while (out < end) {
      v128.store(out, apply(op, scalar, v128.load(b)));
      b += 16;
      out += 16;
    }
  } else {
    while (out < end) {
      v128.store(out, apply(op, loadStrided(a, aStride), loadStrided(b, bStride)));
      a += (<usize>aStride) << 4;
      b += (<usize>bStride) << 4;
      out += 16;
    }
  }
  const rest = count & 3;
  if (rest) storeLanes(out, apply(op, loadStridedTail(a, aStride, rest), loadStridedTail(b, bStride, rest)), rest);
}

/**
 * out = op(a, b) over broadcast operands. Slots: a, b, out, total elements, length of a row, strides of a and b within
 * a row, number of outer axes, and from slot 8 on these axes as `rowOffset` reads them.
 */
// @ts-ignore: decorator
@inline
function loop(op: i32, args: usize, part: i32, parts: i32): void {
  const a = pointer(args, 0);
  const b = pointer(args, 1);
  const total = integer(args, 3);
  const length = integer(args, 4);
  const aStride = integer(args, 5);
  const bStride = integer(args, 6);
  const axes = integer(args, 7);
  const fastest = axes == 0 ? 1 : integer(args, 8);
  const aStep = axes == 0 ? 0 : pointer(args, 9) << 2;
  const bStep = axes == 0 ? 0 : pointer(args, 10) << 2;
  let position = partStart(total, part, parts, 16);
  const end = partStart(total, part + 1, parts, 16);
  let out = pointer(args, 2) + ((<usize>position) << 2);
  let row = position / length;
  let column = position - row * length;
  let left = fastest - (row % fastest);
  let aRow = a + ((<usize>rowOffset(args, 8, axes, 2, 0, row)) << 2);
  let bRow = b + ((<usize>rowOffset(args, 8, axes, 2, 1, row)) << 2);
  while (position < end) {
    const count = min(length - column, end - position);
    applyRow(
      op,
      aRow + ((<usize>(column * aStride)) << 2),
      aStride,
      bRow + ((<usize>(column * bStride)) << 2),
      bStride,
      out,
      count,
    );
    position += count;
    out += (<usize>count) << 2;
    row++;
    column = 0;
    if (--left > 0) {
      aRow += aStep;
      bRow += bStep;
    } else {
      left = fastest;
      aRow = a + ((<usize>rowOffset(args, 8, axes, 2, 0, row)) << 2);
      bRow = b + ((<usize>rowOffset(args, 8, axes, 2, 1, row)) << 2);
    }
  }
}

export function binaryAdd(args: usize, part: i32, parts: i32): void {
  loop(Op.add, args, part, parts);
}
export function binarySubtract(args: usize, part: i32, parts: i32): void {
  loop(Op.subtract, args, part, parts);
}
export function binaryMultiply(args: usize, part: i32, parts: i32): void {
  loop(Op.multiply, args, part, parts);
}
export function binaryDivide(args: usize, part: i32, parts: i32): void {
  loop(Op.divide, args, part, parts);
}
export function binaryPower(args: usize, part: i32, parts: i32): void {
  loop(Op.power, args, part, parts);
}
export function binaryMaximum(args: usize, part: i32, parts: i32): void {
  loop(Op.maximum, args, part, parts);
}
export function binaryMinimum(args: usize, part: i32, parts: i32): void {
  loop(Op.minimum, args, part, parts);
}
export function binaryEqual(args: usize, part: i32, parts: i32): void {
  loop(Op.equal, args, part, parts);
}
export function binaryNotEqual(args: usize, part: i32, parts: i32): void {
  loop(Op.notEqual, args, part, parts);
}
export function binaryLess(args: usize, part: i32, parts: i32): void {
  loop(Op.less, args, part, parts);
}
export function binaryLessEqual(args: usize, part: i32, parts: i32): void {
  loop(Op.lessEqual, args, part, parts);
}
export function binaryGreater(args: usize, part: i32, parts: i32): void {
  loop(Op.greater, args, part, parts);
}
export function binaryGreaterEqual(args: usize, part: i32, parts: i32): void {
  loop(Op.greaterEqual, args, part, parts);
}
export function binaryAddInteger(args: usize, part: i32, parts: i32): void {
  loop(Op.addInteger, args, part, parts);
}
export function binarySubtractInteger(args: usize, part: i32, parts: i32): void {
  loop(Op.subtractInteger, args, part, parts);
}
export function binaryMultiplyInteger(args: usize, part: i32, parts: i32): void {
  loop(Op.multiplyInteger, args, part, parts);
}
export function binaryDivideSigned(args: usize, part: i32, parts: i32): void {
  loop(Op.divideSigned, args, part, parts);
}
export function binaryDivideUnsigned(args: usize, part: i32, parts: i32): void {
  loop(Op.divideUnsigned, args, part, parts);
}
export function binaryMaximumSigned(args: usize, part: i32, parts: i32): void {
  loop(Op.maximumSigned, args, part, parts);
}
export function binaryMaximumUnsigned(args: usize, part: i32, parts: i32): void {
  loop(Op.maximumUnsigned, args, part, parts);
}
export function binaryMinimumSigned(args: usize, part: i32, parts: i32): void {
  loop(Op.minimumSigned, args, part, parts);
}
export function binaryMinimumUnsigned(args: usize, part: i32, parts: i32): void {
  loop(Op.minimumUnsigned, args, part, parts);
}
export function binaryEqualInteger(args: usize, part: i32, parts: i32): void {
  loop(Op.equalInteger, args, part, parts);
}
export function binaryNotEqualInteger(args: usize, part: i32, parts: i32): void {
  loop(Op.notEqualInteger, args, part, parts);
}
export function binaryLessSigned(args: usize, part: i32, parts: i32): void {
  loop(Op.lessSigned, args, part, parts);
}
export function binaryLessUnsigned(args: usize, part: i32, parts: i32): void {
  loop(Op.lessUnsigned, args, part, parts);
}
export function binaryLessEqualSigned(args: usize, part: i32, parts: i32): void {
  loop(Op.lessEqualSigned, args, part, parts);
}
export function binaryLessEqualUnsigned(args: usize, part: i32, parts: i32): void {
  loop(Op.lessEqualUnsigned, args, part, parts);
}
export function binaryGreaterSigned(args: usize, part: i32, parts: i32): void {
  loop(Op.greaterSigned, args, part, parts);
}
export function binaryGreaterUnsigned(args: usize, part: i32, parts: i32): void {
  loop(Op.greaterUnsigned, args, part, parts);
}
export function binaryGreaterEqualSigned(args: usize, part: i32, parts: i32): void {
  loop(Op.greaterEqualSigned, args, part, parts);
}
export function binaryGreaterEqualUnsigned(args: usize, part: i32, parts: i32): void {
  loop(Op.greaterEqualUnsigned, args, part, parts);
}
export function binaryAnd(args: usize, part: i32, parts: i32): void {
  loop(Op.and, args, part, parts);
}
export function binaryOr(args: usize, part: i32, parts: i32): void {
  loop(Op.or, args, part, parts);
}
export function binaryXor(args: usize, part: i32, parts: i32): void {
  loop(Op.xor, args, part, parts);
}
