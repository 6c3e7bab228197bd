import { interleaveHigh, interleaveLow, joinHigh, joinLow } from '../support/transpose';
import { TILE_COLUMNS, TILE_ROWS } from './tile';

/** Bytes of a panel of A with k values in each of its 6 rows. */
// @ts-ignore: decorator
@inline
export function rowPanelBytes(k: i32): usize {
  return <usize>k * (4 * TILE_ROWS);
}

/** Bytes of a panel of B with k rows of 8 values. */
// @ts-ignore: decorator
@inline
export function columnPanelBytes(k: i32): usize {
  return <usize>k * (4 * TILE_COLUMNS);
}

/** Copies a `rows × k` block element by element into a panel whose k-th group begins `k·groupBytes` in. */
function packAny(rows: i32, k: i32, source: usize, rowStep: usize, kStep: usize, out: usize, groupBytes: usize): void {
  for (let i = 0; i < rows; i++) {
    let from = source + <usize>i * rowStep;
    let to = out + ((<usize>i) << 2);
    for (let p = 0; p < k; p++) {
      store<f32>(to, load<f32>(from));
      from += kStep;
      to += groupBytes;
    }
  }
}

/** Six rows whose values are consecutive: 4×4 transposes of the upper four, interleaving of the lower two. */
function packSixRows(k: i32, source: usize, rowStep: usize, out: usize): void {
  const whole = k & ~3;
  for (let p = 0; p < whole; p += 4) {
    const a = v128.load(source);
    const b = v128.load(source + rowStep);
    const c = v128.load(source + 2 * rowStep);
    const d = v128.load(source + 3 * rowStep);
    const e = v128.load(source + 4 * rowStep);
    const f = v128.load(source + 5 * rowStep);
    const ab = interleaveLow(a, b);
    const cd = interleaveLow(c, d);
    const ef = interleaveLow(e, f);
    const abHigh = interleaveHigh(a, b);
    const cdHigh = interleaveHigh(c, d);
    const efHigh = interleaveHigh(e, f);
    v128.store(out, joinLow(ab, cd));
    v128.store64_lane(out, ef, 0, 16);
    v128.store(out, joinHigh(ab, cd), 24);
    v128.store64_lane(out, ef, 1, 40);
    v128.store(out, joinLow(abHigh, cdHigh), 48);
    v128.store64_lane(out, efHigh, 0, 64);
    v128.store(out, joinHigh(abHigh, cdHigh), 72);
    v128.store64_lane(out, efHigh, 1, 88);
    source += 16;
    out += 96;
  }
  packAny(TILE_ROWS, k - whole, source, rowStep, 4, out, 4 * TILE_ROWS);
}

/**
 * Packs A `[m, k]` into panels of 6 rows: panel i holds rows 6i…6i+5, for each k their 6 values together. Element (i,
 * p) is at `a + i·rowStep + p·kStep` (bytes). The rows that the last panel lacks stay undefined and are never read.
 * `out` takes `ceil(m/6)·rowPanelBytes(k)`.
 */
export function packRows(m: i32, k: i32, a: usize, rowStep: usize, kStep: usize, out: usize): void {
  for (let i = 0; i < m; i += TILE_ROWS) {
    const rows = min(TILE_ROWS, m - i);
    if (rows == TILE_ROWS && kStep == 4) {
      packSixRows(k, a, rowStep, out);
    } else if (rows == TILE_ROWS && rowStep == 4) {
      let from = a;
      let to = out;
      for (let p = 0; p < k; p++) {
        v128.store(to, v128.load(from));
        store<u64>(to, load<u64>(from, 16), 16);
        from += kStep;
        to += 4 * TILE_ROWS;
      }
    } else {
      packAny(rows, k, a, rowStep, kStep, out, 4 * TILE_ROWS);
    }
    a += TILE_ROWS * rowStep;
    out += rowPanelBytes(k);
  }
}

/** Four rows (of the transposed B) whose values are consecutive. */
function packFourColumns(k: i32, source: usize, columnStep: usize, out: usize): void {
  const whole = k & ~3;
  for (let p = 0; p < whole; p += 4) {
    const a = v128.load(source);
    const b = v128.load(source + columnStep);
    const c = v128.load(source + 2 * columnStep);
    const d = v128.load(source + 3 * columnStep);
    const ab = interleaveLow(a, b);
    const cd = interleaveLow(c, d);
    const abHigh = interleaveHigh(a, b);
    const cdHigh = interleaveHigh(c, d);
    v128.store(out, joinLow(ab, cd));
    v128.store(out, joinHigh(ab, cd), 32);
    v128.store(out, joinLow(abHigh, cdHigh), 64);
    v128.store(out, joinHigh(abHigh, cdHigh), 96);
    source += 16;
    out += 128;
  }
  packAny(4, k - whole, source, columnStep, 4, out, 4 * TILE_COLUMNS);
}

/**
 * Packs B `[k, n]` into panels of 8 columns: panel j holds columns 8j…8j+7, for each k their 8 values together. Element
 * (p, j) is at `b + p·kStep + j·columnStep` (bytes). The columns that the last panel lacks stay undefined; what they
 * lead to is not stored. `out` takes `ceil(n/8)·columnPanelBytes(k)`.
 */
export function packColumns(k: i32, n: i32, b: usize, kStep: usize, columnStep: usize, out: usize): void {
  for (let j = 0; j < n; j += TILE_COLUMNS) {
    const columns = min(TILE_COLUMNS, n - j);
    if (columns == TILE_COLUMNS && columnStep == 4) {
      let from = b;
      let to = out;
      for (let p = 0; p < k; p++) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        from += kStep;
        to += 4 * TILE_COLUMNS;
      }
    } else if (columns == TILE_COLUMNS && kStep == 4) {
      packFourColumns(k, b, columnStep, out);
      packFourColumns(k, b + 4 * columnStep, columnStep, out + 16);
    } else {
      packAny(columns, k, b, columnStep, kStep, out, 4 * TILE_COLUMNS);
    }
    b += TILE_COLUMNS * columnStep;
    out += columnPanelBytes(k);
  }
}
