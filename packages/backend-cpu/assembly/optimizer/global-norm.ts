import { float, integer, pointer } from '../support/arguments';
import { VECTOR } from '../support/lanes';
import { partStart } from '../support/split';
import { BLOCK, ROW, rowAddress, rowBlocks, rowFirstBlock, rowLength } from './table';

/** The two doubles of the lower half of four floats, squared and added to `sum`. */
// @ts-ignore: decorator
@inline
function addSquares(sum: v128, floats: v128): v128 {
  const x = f64x2.promote_low_f32x4(floats);
  return f64x2.add(sum, f64x2.mul(x, x));
}

/** Σ x² of `count` floats in double precision: squares of f32 overflow f32 from 1.8e19 on, and vanish below 1e-23. */
function squares(address: usize, count: i32): f64 {
  let low = f64x2.splat(0.0);
  let high = f64x2.splat(0.0);
  const end = address + ((<usize>count) << 2);
  let at = address;
  for (; at + VECTOR <= end; at += VECTOR) {
    const x = v128.load(at);
    low = addSquares(low, x);
    high = addSquares(high, i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  }
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  for (; at < end; at += 4) {
    const x = <f64>load<f32>(at);
    sum += x * x;
  }
  return sum;
}

/**
 * The sum of squares of each block, as f64, to `sums`: the same whoever adds which. Slots: table, rows, blocks, sums.
 */
export function normBlocks(args: usize, part: i32, parts: i32): void {
  const table = pointer(args, 0);
  const rows = integer(args, 1);
  const blocks = integer(args, 2);
  const sums = pointer(args, 3);
  const first = partStart(blocks, part, parts, 1);
  const last = partStart(blocks, part + 1, parts, 1);
  for (let r = 0; r < rows; r++) {
    const row = table + <usize>r * ROW;
    const start = rowFirstBlock(row);
    const from = max(first, start);
    const to = min(last, start + rowBlocks(row));
    for (let block = from; block < to; block++) {
      const done = (block - start) * BLOCK;
      const sum = squares(rowAddress(row, 0, (<usize>done) << 2), min(BLOCK, rowLength(row) - done));
      store<f64>(sums + ((<usize>block) << 3), sum);
    }
  }
}

/**
 * norm = √Σ sums and factor = min(1, maxNorm/(norm + 1e-6)), 1 where maxNorm is 0, −1 where the norm is not finite.
 * Slots: sums, blocks, norm, factor; maxNorm.
 */
export function normFactor(args: usize, part: i32, _parts: i32): void {
  if (part != 0) return;
  const sums = pointer(args, 0);
  const blocks = integer(args, 1);
  const maxNorm = float(args, 4);
  let sum: f64 = 0.0;
  for (let block = 0; block < blocks; block++) sum += load<f64>(sums + ((<usize>block) << 3));
  const norm = <f32>Math.sqrt(sum);
  let factor: f32 = 1.0;
  if (maxNorm > 0.0) factor = min<f32>(1.0, maxNorm / (norm + <f32>1e-6));
  // ∞ − ∞ and NaN − NaN are NaN, which equals nothing.
  if (norm - norm != 0.0) factor = -1.0;
  store<f32>(pointer(args, 2), norm);
  store<f32>(pointer(args, 3), factor);
}
