import { integer, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { partStart } from '../support/split';

const enum Op {
  sum,
  max,
  min,
  sumInteger,
  maxSigned,
  maxUnsigned,
  minSigned,
  minUnsigned,
}

/** One step of the reduction on four lanes; `op` is a constant. f32x4.max and min keep a NaN. */
// @ts-ignore: decorator
@inline
function combine(op: i32, a: v128, b: v128): v128 {
  if (op == Op.sum) return f32x4.add(a, b);
  if (op == Op.max) return f32x4.max(a, b);
  if (op == Op.min) return f32x4.min(a, b);
  if (op == Op.sumInteger) return i32x4.add(a, b);
  if (op == Op.maxSigned) return i32x4.max_s(a, b);
  if (op == Op.maxUnsigned) return i32x4.max_u(a, b);
  if (op == Op.minSigned) return i32x4.min_s(a, b);
  return i32x4.min_u(a, b);
}

/** The result for nothing. */
// @ts-ignore: decorator
@inline
function identity(op: i32): v128 {
  if (op == Op.max) return f32x4.splat(-Infinity);
  if (op == Op.min) return f32x4.splat(Infinity);
  if (op == Op.maxSigned) return i32x4.splat(i32.MIN_VALUE);
  if (op == Op.minSigned) return i32x4.splat(i32.MAX_VALUE);
  if (op == Op.minUnsigned) return i32x4.splat(-1);
  return i32x4.splat(0);
}

/** All four lanes into lane 0. */
// @ts-ignore: decorator
@inline
function combineLanes(op: i32, value: v128): v128 {
  const pairs = combine(op, value, i8x16.shuffle(value, value, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return combine(op, pairs, i8x16.shuffle(pairs, pairs, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
}

/**
 * `count` consecutive elements into lane 0. Four chains of four lanes keep the adder busy and the error of a sum small.
 */
// @ts-ignore: decorator
@inline
function reduceRun(op: i32, from: usize, count: i32): v128 {
  let a = identity(op),
    b = a,
    c = a,
    d = a;
  for (; count >= 16; count -= 16) {
    a = combine(op, a, v128.load(from));
    b = combine(op, b, v128.load(from, 16));
    c = combine(op, c, v128.load(from, 32));
    d = combine(op, d, v128.load(from, 48));
    from += 64;
  }
  for (; count >= 4; count -= 4) {
    a = combine(op, a, v128.load(from));
    from += 16;
  }
  if (count > 0) {
    let rest = v128.load32_lane(from, identity(op), 0);
    if (count > 1) rest = v128.load32_lane(from + 4, rest, 1);
    if (count > 2) rest = v128.load32_lane(from + 8, rest, 2);
    b = combine(op, b, rest);
  }
  return combineLanes(op, combine(op, combine(op, a, b), combine(op, c, d)));
}

/**
 * The last axis: every row is cut into blocks, and block b of row r ends up in out[r, b]. Slots: input, out, rows,
 * length of a row, length of a block, blocks of a row.
 */
// @ts-ignore: decorator
@inline
function rows(op: i32, args: usize, part: i32, parts: i32): void {
  const input = pointer(args, 0);
  const out = pointer(args, 1);
  const length = integer(args, 3);
  const block = integer(args, 4);
  const blocks = integer(args, 5);
  const items = integer(args, 2) * blocks;
  const end = partStart(items, part + 1, parts, 16);
  for (let item = partStart(items, part, parts, 16); item < end; item++) {
    const row = item / blocks;
    const from = (item - row * blocks) * block;
    const value = reduceRun(op, input + ((<usize>(row * length + from)) << 2), min(block, length - from));
    v128.store32_lane(out + ((<usize>item) << 2), value, 0);
  }
}

/** Takes `count` rows of `width` columns, `step` bytes apart, into `out`. */
// @ts-ignore: decorator
@inline
function takeRows(op: i32, count: i32, width: i32, from: usize, step: usize, out: usize): void {
  const whole = width & ~3;
  for (let column = 0; column < width; column += 4) {
    let value = v128.load(out);
    value = combine(op, value, v128.load(from));
    if (count > 1) {
      value = combine(op, value, v128.load(from + step));
      value = combine(op, value, v128.load(from + 2 * step));
      value = combine(op, value, v128.load(from + 3 * step));
    }
    if (column < whole) v128.store(out, value);
    else storeLanes(out, value, width - whole);
    from += 16;
    out += 16;
  }
}

/**
 * A middle axis of `[outer, length, inner]`: it is cut into blocks, and block b of outer index o ends up in out[o, b,
 * :]. Slots: input, out, outer, length, inner, rows of a block, blocks, columns of a chunk (a multiple of 4).
 */
// @ts-ignore: decorator
@inline
function columns(op: i32, args: usize, part: i32, parts: i32): void {
  const input = pointer(args, 0);
  const out = pointer(args, 1);
  const length = integer(args, 3);
  const inner = integer(args, 4);
  const block = integer(args, 5);
  const blocks = integer(args, 6);
  const chunk = integer(args, 7);
  const chunks = (inner + chunk - 1) / chunk;
  const step = (<usize>inner) << 2;
  const items = integer(args, 2) * blocks * chunks;
  const end = partStart(items, part + 1, parts, 1);
  for (let item = partStart(items, part, parts, 1); item < end; item++) {
    const place = item / chunks;
    const column = (item - place * chunks) * chunk;
    const width = min(chunk, inner - column);
    const outerIndex = place / blocks;
    const first = (place - outerIndex * blocks) * block;
    const count = min(block, length - first);
    let from = input + ((<usize>((outerIndex * length + first) * inner + column)) << 2);
    const to = out + ((<usize>(place * inner + column)) << 2);
    for (let c = 0; c < width; c += 4) {
      if (width - c >= 4) v128.store(to + ((<usize>c) << 2), identity(op));
      else storeLanes(to + ((<usize>c) << 2), identity(op), width - c);
    }
    let row = 0;
    for (; row + 4 <= count; row += 4) {
      takeRows(op, 4, width, from, step, to);
      from += step << 2;
    }
    for (; row < count; row++) {
      takeRows(op, 1, width, from, step, to);
      from += step;
    }
  }
}

export function reduceRowsSum(args: usize, part: i32, parts: i32): void {
  rows(Op.sum, args, part, parts);
}
export function reduceRowsMax(args: usize, part: i32, parts: i32): void {
  rows(Op.max, args, part, parts);
}
export function reduceRowsMin(args: usize, part: i32, parts: i32): void {
  rows(Op.min, args, part, parts);
}
export function reduceRowsSumInteger(args: usize, part: i32, parts: i32): void {
  rows(Op.sumInteger, args, part, parts);
}
export function reduceRowsMaxSigned(args: usize, part: i32, parts: i32): void {
  rows(Op.maxSigned, args, part, parts);
}
export function reduceRowsMaxUnsigned(args: usize, part: i32, parts: i32): void {
  rows(Op.maxUnsigned, args, part, parts);
}
export function reduceRowsMinSigned(args: usize, part: i32, parts: i32): void {
  rows(Op.minSigned, args, part, parts);
}
export function reduceRowsMinUnsigned(args: usize, part: i32, parts: i32): void {
  rows(Op.minUnsigned, args, part, parts);
}
export function reduceColumnsSum(args: usize, part: i32, parts: i32): void {
  columns(Op.sum, args, part, parts);
}
export function reduceColumnsMax(args: usize, part: i32, parts: i32): void {
  columns(Op.max, args, part, parts);
}
export function reduceColumnsMin(args: usize, part: i32, parts: i32): void {
  columns(Op.min, args, part, parts);
}
export function reduceColumnsSumInteger(args: usize, part: i32, parts: i32): void {
  columns(Op.sumInteger, args, part, parts);
}
export function reduceColumnsMaxSigned(args: usize, part: i32, parts: i32): void {
  columns(Op.maxSigned, args, part, parts);
}
export function reduceColumnsMaxUnsigned(args: usize, part: i32, parts: i32): void {
  columns(Op.maxUnsigned, args, part, parts);
}
export function reduceColumnsMinSigned(args: usize, part: i32, parts: i32): void {
  columns(Op.minSigned, args, part, parts);
}
export function reduceColumnsMinUnsigned(args: usize, part: i32, parts: i32): void {
  columns(Op.minUnsigned, args, part, parts);
}
