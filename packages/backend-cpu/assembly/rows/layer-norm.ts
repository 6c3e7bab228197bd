import { float, integer, pointer } from '../support/arguments';
import { storeLanes, sumLanes, VECTOR } from '../support/lanes';
import { partStart } from '../support/split';
import { firstLanes, rowSum } from './row';

/** Σ (x − mean)² over the `count` floats at `row`. */
function rowSquares(row: usize, count: i32, mean: f32): f32 {
  const middle = f32x4.splat(mean);
  let sum = f32x4.splat(0.0);
  const whole = (<usize>(count & ~3)) << 2;
  let i: usize = 0;
  for (; i < whole; i += VECTOR) {
    const d = f32x4.sub(v128.load(row + i), middle);
    sum = f32x4.add(sum, f32x4.mul(d, d));
  }
  if ((count & 3) != 0) {
    const d = v128.and(f32x4.sub(v128.load(row + i), middle), firstLanes(count & 3));
    sum = f32x4.add(sum, f32x4.mul(d, d));
  }
  return sumLanes(sum);
}

/** `value·weight[i] + bias[i]` for four columns; an address of 0 leaves its part out. */
// @ts-ignore: decorator
@inline
function scaleAndShift(value: v128, weight: usize, bias: usize, i: usize): v128 {
  let y = value;
  if (weight != 0) y = f32x4.mul(y, v128.load(weight + i));
  if (bias != 0) y = f32x4.add(y, v128.load(bias + i));
  return y;
}

/**
 * y = (x − mean)/√(variance + ε)·weight + bias; mean and 1/√(variance + ε) of each row go to `saved` as a pair. The
 * variance is taken around the mean in a second pass: Σx² − (Σx)²/n would lose it where the mean is large.
 * Slots: x, weight (or 0), bias (or 0), y, saved (or 0), rows, columns; ε.
 */
export function layerNormRows(args: usize, part: i32, parts: i32): void {
  const weight = pointer(args, 1);
  const bias = pointer(args, 2);
  const saved = pointer(args, 4);
  const rows = integer(args, 5);
  const columns = integer(args, 6);
  const epsilon = float(args, 7);
  const stride = (<usize>columns) << 2;
  const whole = (<usize>(columns & ~3)) << 2;
  const last = partStart(rows, part + 1, parts, 8);
  for (let row = partStart(rows, part, parts, 8); row < last; row++) {
    const x = pointer(args, 0) + <usize>row * stride;
    const y = pointer(args, 3) + <usize>row * stride;
    const mean = rowSum(x, columns) / <f32>columns;
    const deviation: f32 = <f32>1.0 / sqrt<f32>(rowSquares(x, columns, mean) / <f32>columns + epsilon);
    if (saved != 0) {
      store<f32>(saved + ((<usize>row) << 3), mean);
      store<f32>(saved + ((<usize>row) << 3), deviation, 4);
    }
    const middle = f32x4.splat(mean);
    const scale = f32x4.splat(deviation);
    for (let i: usize = 0; i < whole; i += VECTOR) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + i), middle), scale);
      v128.store(y + i, scaleAndShift(normal, weight, bias, i));
    }
    if ((columns & 3) != 0) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + whole), middle), scale);
      storeLanes(y + whole, scaleAndShift(normal, weight, bias, whole), columns & 3);
    }
  }
}

/**
 * With n the normalised row and d = dy∘weight: dx = (d − mean d − n·mean(d∘n))/√(variance + ε).
 * Slots: x, weight (or 0), dy, dx, saved, rows, columns.
 */
export function layerNormRowsBackward(args: usize, part: i32, parts: i32): void {
  const weight = pointer(args, 1);
  const saved = pointer(args, 4);
  const rows = integer(args, 5);
  const columns = integer(args, 6);
  const stride = (<usize>columns) << 2;
  const last = partStart(rows, part + 1, parts, 8);
  for (let row = partStart(rows, part, parts, 8); row < last; row++) {
    const x = pointer(args, 0) + <usize>row * stride;
    const dy = pointer(args, 2) + <usize>row * stride;
    const dx = pointer(args, 3) + <usize>row * stride;
    const middle = f32x4.splat(load<f32>(saved + ((<usize>row) << 3)));
    const scale = f32x4.splat(load<f32>(saved + ((<usize>row) << 3), 4));
    let sum = f32x4.splat(0.0);
    let dot = f32x4.splat(0.0);
    for (let i: usize = 0, left = columns; left > 0; i += VECTOR, left -= 4) {
      const mask = firstLanes(left);
      const normal = f32x4.mul(f32x4.sub(v128.load(x + i), middle), scale);
      const d = scaleAndShift(v128.load(dy + i), weight, 0, i);
      sum = f32x4.add(sum, v128.and(d, mask));
      dot = f32x4.add(dot, v128.and(f32x4.mul(d, normal), mask));
    }
    const meanSum = f32x4.splat(sumLanes(sum) / <f32>columns);
    const meanDot = f32x4.splat(sumLanes(dot) / <f32>columns);
    for (let i: usize = 0, left = columns; left > 0; i += VECTOR, left -= 4) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + i), middle), scale);
      const d = scaleAndShift(v128.load(dy + i), weight, 0, i);
      const result = f32x4.mul(f32x4.sub(f32x4.sub(d, meanSum), f32x4.mul(normal, meanDot)), scale);
      if (left >= 4) v128.store(dx + i, result);
      else storeLanes(dx + i, result, left);
    }
  }
}

/**
 * dweight = Σ dy∘n and dbias = Σ dy over the rows. Each part has columns of its own and goes down all rows in order, so
 * the sums do not depend on the number of parts. Slots: x, dy, saved, dweight, dbias (each or 0), rows, columns.
 */
export function layerNormColumnsBackward(args: usize, part: i32, parts: i32): void {
  const saved = pointer(args, 2);
  const dweight = pointer(args, 3);
  const dbias = pointer(args, 4);
  const rows = integer(args, 5);
  const columns = integer(args, 6);
  const stride = (<usize>columns) << 2;
  const last = partStart(columns, part + 1, parts, 16);
  let column = partStart(columns, part, parts, 16);
  // A line of the cache at a time: with four columns each line came four times, and was gone in between where rows are
  // 2ⁿ apart.
  for (; column + 16 <= last; column += 16) {
    const offset = (<usize>column) << 2;
    let x = pointer(args, 0) + offset;
    let dy = pointer(args, 1) + offset;
    let w0 = f32x4.splat(0.0),
      w1 = w0,
      w2 = w0,
      w3 = w0,
      b0 = w0,
      b1 = w0,
      b2 = w0,
      b3 = w0;
    for (let row = 0; row < rows; row++, x += stride, dy += stride) {
      const middle = v128.load32_splat(saved + ((<usize>row) << 3));
      const scale = v128.load32_splat(saved + ((<usize>row) << 3), 4);
      const d0 = v128.load(dy);
      const d1 = v128.load(dy, 16);
      const d2 = v128.load(dy, 32);
      const d3 = v128.load(dy, 48);
      w0 = f32x4.add(w0, f32x4.mul(d0, f32x4.mul(f32x4.sub(v128.load(x), middle), scale)));
      w1 = f32x4.add(w1, f32x4.mul(d1, f32x4.mul(f32x4.sub(v128.load(x, 16), middle), scale)));
      w2 = f32x4.add(w2, f32x4.mul(d2, f32x4.mul(f32x4.sub(v128.load(x, 32), middle), scale)));
      w3 = f32x4.add(w3, f32x4.mul(d3, f32x4.mul(f32x4.sub(v128.load(x, 48), middle), scale)));
      b0 = f32x4.add(b0, d0);
      b1 = f32x4.add(b1, d1);
      b2 = f32x4.add(b2, d2);
      b3 = f32x4.add(b3, d3);
    }
    if (dweight != 0) storeLine(dweight + offset, w0, w1, w2, w3);
    if (dbias != 0) storeLine(dbias + offset, b0, b1, b2, b3);
  }
  for (; column < last; column += 4) {
    const offset = (<usize>column) << 2;
    const left = last - column;
    let x = pointer(args, 0) + offset;
    let dy = pointer(args, 1) + offset;
    let weightSum = f32x4.splat(0.0);
    let biasSum = f32x4.splat(0.0);
    for (let row = 0; row < rows; row++, x += stride, dy += stride) {
      const middle = v128.load32_splat(saved + ((<usize>row) << 3));
      const scale = v128.load32_splat(saved + ((<usize>row) << 3), 4);
      const d = v128.load(dy);
      weightSum = f32x4.add(weightSum, f32x4.mul(d, f32x4.mul(f32x4.sub(v128.load(x), middle), scale)));
      biasSum = f32x4.add(biasSum, d);
    }
    if (dweight != 0) storeColumns(dweight + offset, weightSum, left);
    if (dbias != 0) storeColumns(dbias + offset, biasSum, left);
  }
}

// @ts-ignore: decorator
@inline
function storeLine(address: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(address, a);
  v128.store(address, b, 16);
  v128.store(address, c, 32);
  v128.store(address, d, 48);
}

// @ts-ignore: decorator
@inline
function storeColumns(address: usize, value: v128, left: i32): void {
  if (left >= 4) v128.store(address, value);
  else storeLanes(address, value, left);
}
