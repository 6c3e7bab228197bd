import { partStart } from '../support/split';
import { multiplyOutside } from './product';
import { copyRow } from './rows';

/** Slots of `multiplyParts`: C[m, n] = Aᵀ·B (+ C), all row-major, strides in floats. */
@unmanaged
class TransposedProduct {
  m: i32;
  n: i32;
  k: i32;
  /** [k, m] */
  a: usize;
  aStride: i32;
  /** [k, n] */
  b: usize;
  bStride: i32;
  accumulate: i32;
  c: usize;
  cStride: i32;
}

/** A product made outside, on one core a part: the parts share out the longer side of C. */
export function multiplyParts(args: usize, part: i32, parts: i32): void {
  const q = changetype<TransposedProduct>(args);
  const tall = q.m >= q.n;
  const length = tall ? q.m : q.n;
  const start = partStart(length, part, parts, 16);
  const count = partStart(length, part + 1, parts, 16) - start;
  if (count == 0) return;
  const offset = (<usize>start) << 2;
  if (tall)
    multiplyOutside(
      1,
      count,
      q.n,
      q.k,
      q.a + offset,
      q.aStride,
      q.b,
      q.bStride,
      q.accumulate,
      q.c + offset * <usize>q.cStride,
      q.cStride,
    );
  else
    multiplyOutside(1, q.m, count, q.k, q.a, q.aStride, q.b + offset, q.bStride, q.accumulate, q.c + offset, q.cStride);
}

/** Slots of `sumRows`. */
@unmanaged
class SumRows {
  rows: i32;
  /** A multiple of 8 */
  columns: i32;
  source: usize;
  /** Floats from row to row */
  stride: i32;
  /** [columns] */
  target: usize;
}

/**
 * The sum of all rows, which may be parts of longer ones (`reduceColumnsSum` takes whole rows); parts share out the
 * columns. Eight rows at a time, so that the sums are seldom loaded and stored.
 */
export function sumRows(args: usize, part: i32, parts: i32): void {
  const q = changetype<SumRows>(args);
  const first = (<usize>partStart(q.columns, part, parts, 16)) << 2;
  const end = (<usize>partStart(q.columns, part + 1, parts, 16)) << 2;
  const step = (<usize>q.stride) << 2;
  memory.fill(q.target + first, 0, end - first);
  let row = q.source;
  let left = q.rows;
  for (; left >= 8; left -= 8) {
    for (let u = first; u < end; u += 16) {
      const at = row + u;
      const a = f32x4.add(v128.load(at), v128.load(at + step));
      const b = f32x4.add(v128.load(at + 2 * step), v128.load(at + 3 * step));
      const c = f32x4.add(v128.load(at + 4 * step), v128.load(at + 5 * step));
      const d = f32x4.add(v128.load(at + 6 * step), v128.load(at + 7 * step));
      v128.store(q.target + u, f32x4.add(v128.load(q.target + u), f32x4.add(f32x4.add(a, b), f32x4.add(c, d))));
    }
    row += 8 * step;
  }
  for (; left > 0; left--) {
    for (let u = first; u < end; u += 16)
      v128.store(q.target + u, f32x4.add(v128.load(q.target + u), v128.load(row + u)));
    row += step;
  }
}

/** Slots of `gatherRows`. */
@unmanaged
class GatherRows {
  rows: i32;
  columns: i32;
  /** Row i is at `source + index[i]·stride·4`, or at the address index[i] where `source` is 0. */
  source: usize;
  stride: i32;
  index: usize;
  /** [rows, columns] */
  target: usize;
}

/** Copies rows to stand one after another. */
export function gatherRows(args: usize, part: i32, parts: i32): void {
  const q = changetype<GatherRows>(args);
  const width = (<usize>q.columns) << 2;
  const end = partStart(q.rows, part + 1, parts, 1);
  for (let row = partStart(q.rows, part, parts, 1); row < end; row++) {
    const entry = <usize>load<u32>(q.index + ((<usize>row) << 2));
    const from = q.source != 0 ? q.source + entry * ((<usize>q.stride) << 2) : entry;
    copyRow(q.target + <usize>row * width, from, q.columns);
  }
}
