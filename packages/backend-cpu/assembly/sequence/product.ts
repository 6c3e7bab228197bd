import { clearRow, copyRow } from './rows';
import { tileRow, tileRows, tileTwoRows } from './tile';

/**
 * Values of k that a product works through before it takes up the next: a panel of 256·8 floats (8 KiB) and the rows
 * of A over them stay in the first-level cache while they are used.
 */
const DEPTH: i32 = 256;

/**
 * C[m, n] = op(A)·B (+ C), row-major, by a library of the system: the host gives it where there is one
 * (src/engine/outside.ts), and no kernel calls it elsewhere.
 */
// @ts-ignore: decorator
@external('env', 'multiply')
export declare function multiplyOutside(
  transposeA: i32,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  aStride: i32,
  b: usize,
  bStride: i32,
  accumulate: i32,
  c: usize,
  cStride: i32,
): void;

/**
 * C[rows, 8·panels] = init + A·W over `depth` values of k. `packed` holds the panels of W one after another, each
 * [depth][8], or where `outside` is set W as it is, [depth][8·panels]. Strides are in bytes; `initial` 0 starts from
 * zero, `initialStride` 0 starts each row from the same one.
 */
export function product(
  outside: bool,
  a: usize,
  aStride: usize,
  rows: i32,
  packed: usize,
  panels: i32,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  if (outside) {
    const width = panels << 3;
    if (initial != 0 && initial != c) {
      for (let i: usize = 0; i < <usize>rows; i++) copyRow(c + i * cStride, initial + i * initialStride, width);
    }
    // Libraries refuse empty matrices, or leave C as it was.
    if (depth == 0 && initial == 0) {
      for (let i: usize = 0; i < <usize>rows; i++) clearRow(c + i * cStride, width);
    }
    if (rows == 0 || width == 0 || depth == 0) return;
    multiplyOutside(
      0,
      rows,
      width,
      depth,
      a,
      <i32>(aStride >> 2),
      packed,
      width,
      initial != 0 ? 1 : 0,
      c,
      <i32>(cStride >> 2),
    );
    return;
  }
  const panelStride = (<usize>depth) << 5;
  let from = initial;
  let fromStride = initialStride;
  let start = 0;
  do {
    const count = min(DEPTH, depth - start);
    const part = packed + ((<usize>start) << 5);
    const aPart = a + ((<usize>start) << 2);
    if (rows == 1) productRow(aPart, part, panelStride, panels, count, from, c);
    else if (rows == 2) productTwoRows(aPart, aStride, part, panelStride, panels, count, from, fromStride, c, cStride);
    else productRows(aPart, aStride, rows, part, panelStride, panels, count, from, fromStride, c, cStride);
    from = c;
    fromStride = cStride;
    start += DEPTH;
  } while (start < depth);
}

function productRow(
  a: usize,
  packed: usize,
  panelStride: usize,
  panels: i32,
  depth: i32,
  initial: usize,
  c: usize,
): void {
  let j = 0;
  let panel = packed;
  let from = initial;
  let to = c;
  for (; j + 4 <= panels; j += 4) {
    tileRow(a, panel, panelStride, depth, from, to);
    panel += panelStride << 2;
    to += 128;
    if (from != 0) from += 128;
  }
  for (; j < panels; j++) {
    tileRows(1, a, 0, panel, depth, from, 0, to, 0);
    panel += panelStride;
    to += 32;
    if (from != 0) from += 32;
  }
}

function productTwoRows(
  a: usize,
  aStride: usize,
  packed: usize,
  panelStride: usize,
  panels: i32,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  let j = 0;
  let panel = packed;
  let from = initial;
  let to = c;
  for (; j + 2 <= panels; j += 2) {
    tileTwoRows(a, aStride, panel, panelStride, depth, from, initialStride, to, cStride);
    panel += panelStride << 1;
    to += 64;
    if (from != 0) from += 64;
  }
  if (j < panels) tileRows(2, a, aStride, panel, depth, from, initialStride, to, cStride);
}

function productRows(
  a: usize,
  aStride: usize,
  rows: i32,
  packed: usize,
  panelStride: usize,
  panels: i32,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  // Blocks of even height: 16 rows are 6, 5 and 5. 6, 6 and 4 is as fast, 8 as 4 and 4 far ahead of 6 and 2.
  const blocks = (rows + 5) / 6;
  for (let j: usize = 0; j < <usize>panels; j++) {
    const panel = packed + j * panelStride;
    let aBlock = a;
    let to = c + (j << 5);
    let from = initial != 0 ? initial + (j << 5) : 0;
    let left = rows;
    for (let block = blocks; block > 0; block--) {
      const height = (left + block - 1) / block;
      tileRows(height, aBlock, aStride, panel, depth, from, initialStride, to, cStride);
      left -= height;
      aBlock += <usize>height * aStride;
      to += <usize>height * cStride;
      if (from != 0) from += <usize>height * initialStride;
    }
  }
}
