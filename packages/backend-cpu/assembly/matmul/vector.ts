import { integer, pointer } from '../support/arguments';
import { multiplyAdd, storeLanes, sumLanes } from '../support/lanes';
import { partStart } from '../support/split';
import { ACCUMULATE } from './tile';

// Products with a single row or column: y = M·v. Each element of M is used once, so that there is nothing to gain from
// packing, which takes most of the time of the general product here: 5 GFLOP/s instead of 20 at 1×1024×256.

/** The first `count` lanes (1…3) of a vector, the others 0. */
// @ts-ignore: decorator
@inline
function keepLanes(value: v128, count: i32): v128 {
  return v128.and(value, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

/** One row of M, contiguous, by v. The order of the sum is the same for every row, however many are done at a time. */
// @ts-ignore: decorator
@inline
function finishDot(a: v128, b: v128, row: usize, v: usize, rest: i32): f32 {
  for (; rest >= 4; rest -= 4) {
    a = multiplyAdd(v128.load(row), v128.load(v), a);
    row += 16;
    v += 16;
  }
  if (rest > 0) b = multiplyAdd(keepLanes(v128.load(row), rest), keepLanes(v128.load(v), rest), b);
  return sumLanes(f32x4.add(a, b));
}

function dot(k: i32, row: usize, v: usize): f32 {
  let a = f32x4.splat(0),
    b = a;
  for (; k >= 8; k -= 8) {
    a = multiplyAdd(v128.load(row), v128.load(v), a);
    b = multiplyAdd(v128.load(row, 16), v128.load(v, 16), b);
    row += 32;
    v += 32;
  }
  return finishDot(a, b, row, v, k);
}

// @ts-ignore: decorator
@inline
function put(y: usize, value: f32, mode: i32, bias: usize): void {
  if (mode == ACCUMULATE) value += load<f32>(y);
  if (bias != 0) value += load<f32>(bias);
  store<f32>(y, value);
}

/** `count` rows of M, contiguous and `step` bytes apart, by v: four at a time share the loads of v. */
function dotRows(
  count: i32,
  k: i32,
  rows: usize,
  step: usize,
  v: usize,
  y: usize,
  mode: i32,
  bias: usize,
  biasStep: usize,
): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    let a0 = f32x4.splat(0),
      b0 = a0,
      a1 = a0,
      b1 = a0,
      a2 = a0,
      b2 = a0,
      a3 = a0,
      b3 = a0;
    let row = rows;
    let at = v;
    let rest = k;
    for (; rest >= 8; rest -= 8) {
      const low = v128.load(at);
      const high = v128.load(at, 16);
      a0 = multiplyAdd(v128.load(row), low, a0);
      b0 = multiplyAdd(v128.load(row, 16), high, b0);
      a1 = multiplyAdd(v128.load(row + step), low, a1);
      b1 = multiplyAdd(v128.load(row + step, 16), high, b1);
      a2 = multiplyAdd(v128.load(row + 2 * step), low, a2);
      b2 = multiplyAdd(v128.load(row + 2 * step, 16), high, b2);
      a3 = multiplyAdd(v128.load(row + 3 * step), low, a3);
      b3 = multiplyAdd(v128.load(row + 3 * step, 16), high, b3);
      row += 32;
      at += 32;
    }
    put(y, finishDot(a0, b0, row, at, rest), mode, bias);
    put(y + 4, finishDot(a1, b1, row + step, at, rest), mode, bias + biasStep);
    put(y + 8, finishDot(a2, b2, row + 2 * step, at, rest), mode, bias + 2 * biasStep);
    put(y + 12, finishDot(a3, b3, row + 3 * step, at, rest), mode, bias + 3 * biasStep);
    rows += 4 * step;
    y += 16;
    bias += 4 * biasStep;
  }
  for (; i < count; i++) {
    put(y, dot(k, rows, v), mode, bias);
    rows += step;
    y += 4;
    bias += biasStep;
  }
}

/** y[0…count) += Σ v[p]·column p for `depth` (1 or 8) columns of M, contiguous and `step` bytes apart. */
// @ts-ignore: decorator
@inline
function addColumns(depth: i32, count: i32, columns: usize, step: usize, v: usize, y: usize): void {
  for (let i = 0; i < count; i += 4) {
    let sum = multiplyAdd(v128.load32_splat(v), v128.load(columns), v128.load(y));
    if (depth == 8) {
      sum = multiplyAdd(v128.load32_splat(v, 4), v128.load(columns + step), sum);
      sum = multiplyAdd(v128.load32_splat(v, 8), v128.load(columns + 2 * step), sum);
      sum = multiplyAdd(v128.load32_splat(v, 12), v128.load(columns + 3 * step), sum);
      sum = multiplyAdd(v128.load32_splat(v, 16), v128.load(columns + 4 * step), sum);
      sum = multiplyAdd(v128.load32_splat(v, 20), v128.load(columns + 5 * step), sum);
      sum = multiplyAdd(v128.load32_splat(v, 24), v128.load(columns + 6 * step), sum);
      sum = multiplyAdd(v128.load32_splat(v, 28), v128.load(columns + 7 * step), sum);
    }
    if (count - i >= 4) v128.store(y, sum);
    else storeLanes(y, sum, count - i);
    columns += 16;
    y += 16;
  }
}

/**
 * `count` elements of y where M's columns are contiguous: columns are read in the order of memory, y stays in the
 * cache.
 */
function sumColumns(
  count: i32,
  k: i32,
  columns: usize,
  step: usize,
  v: usize,
  y: usize,
  mode: i32,
  bias: usize,
  biasStep: usize,
): void {
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2;
    let value: f32 = mode == ACCUMULATE ? load<f32>(y + at) : 0;
    if (bias != 0) value += load<f32>(bias + <usize>i * biasStep);
    store<f32>(y + at, value);
  }
  for (; k >= 8; k -= 8) {
    addColumns(8, count, columns, step, v, y);
    columns += 8 * step;
    v += 32;
  }
  for (; k > 0; --k) {
    addColumns(1, count, columns, step, v, y);
    columns += step;
    v += 4;
  }
}

/** Elements of y that a part takes at a time. */
// @ts-ignore: decorator
@inline
const PIECE: i32 = 256;

/**
 * A batch of y = M·v (+ y or bias), cut into parts along the batch and y. Slots: M, v, y, bias, scratch, scratch bytes
 * of a part (k floats), batch, length of y, k, then in elements: M's batch step, row step and column step, v's batch
 * step and step, mode, and the bias's step (0 or 1).
 */
export function vectorParts(args: usize, part: i32, parts: i32): void {
  const batch = integer(args, 6);
  const length = integer(args, 7);
  const k = integer(args, 8);
  const rowStep = pointer(args, 10) << 2;
  const columnStep = pointer(args, 11) << 2;
  const vStep = integer(args, 13);
  const mode = integer(args, 14);
  const biasStep = pointer(args, 15) << 2;
  const scratch = pointer(args, 4) + pointer(args, 5) * <usize>part;
  const pieces = (length + PIECE - 1) / PIECE;
  const last = partStart(batch * pieces, part + 1, parts, 1);
  let packed = -1;
  for (let item = partStart(batch * pieces, part, parts, 1); item < last; item++) {
    const entry = item / pieces;
    const start = (item - entry * pieces) * PIECE;
    const count = min(PIECE, length - start);
    const matrix = pointer(args, 0) + ((<usize>entry * pointer(args, 9)) << 2) + <usize>start * rowStep;
    let v = pointer(args, 1) + ((<usize>entry * pointer(args, 12)) << 2);
    if (vStep != 1) {
      for (let p = 0; p < k && packed != entry; p++)
        store<f32>(scratch + ((<usize>p) << 2), load<f32>(v + ((<usize>(p * vStep)) << 2)));
      packed = entry;
      v = scratch;
    }
    const y = pointer(args, 2) + ((<usize>(entry * length + start)) << 2);
    let bias = pointer(args, 3);
    if (bias != 0) bias += <usize>start * biasStep;
    if (columnStep == 4) dotRows(count, k, matrix, rowStep, v, y, mode, bias, bias == 0 ? 0 : biasStep);
    else sumColumns(count, k, matrix, columnStep, v, y, mode, bias, biasStep);
  }
}
