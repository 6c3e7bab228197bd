import { multiplyAdd, storeLanes } from '../support/lanes';

/** Rows of a tile of C, and of a panel of A. */
// @ts-ignore: decorator
@inline
export const TILE_ROWS: i32 = 6;

/** Columns of a tile of C, and of a panel of B. */
// @ts-ignore: decorator
@inline
export const TILE_COLUMNS: i32 = 8;

/** What a tile does with what C holds. */
// @ts-ignore: decorator
@inline
export const OVERWRITE: i32 = 0;
// @ts-ignore: decorator
@inline
export const ACCUMULATE: i32 = 1;

/** Writes one row of a tile: `columns` of its 8, plus C or bias where given. */
// @ts-ignore: decorator
@inline
function storeRow(c: usize, low: v128, high: v128, columns: i32, mode: i32, bias: usize): void {
  if (mode == ACCUMULATE) {
    low = f32x4.add(low, v128.load(c));
    high = f32x4.add(high, v128.load(c, 16));
  }
  if (bias != 0) {
    low = f32x4.add(low, v128.load(bias));
    high = f32x4.add(high, v128.load(bias, 16));
  }
  if (columns == TILE_COLUMNS) {
    v128.store(c, low);
    v128.store(c, high, 16);
  } else if (columns >= 4) {
    v128.store(c, low);
    if (columns > 4) storeLanes(c + 16, high, columns - 4);
  } else {
    storeLanes(c, low, columns);
  }
}

/**
 * C[rows × columns] = A·B (+ C or bias): A a panel with 6 values for each k, B rows of 8 values `bStep` bytes apart.
 * 12 accumulators, 2 vectors of B and one broadcast of A fill 15 of the 16 registers that V8 uses. The sum over k runs
 * in order for every element, whatever the shape of the tile, so an element does not depend on where tiles begin.
 */
// @ts-ignore: decorator
@inline
function tile(
  rows: i32,
  k: i32,
  a: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cStep: usize,
  columns: i32,
  mode: i32,
  bias: usize,
): void {
  let c00 = f32x4.splat(0),
    c01 = c00;
  let c10 = c00,
    c11 = c00;
  let c20 = c00,
    c21 = c00;
  let c30 = c00,
    c31 = c00;
  let c40 = c00,
    c41 = c00;
  let c50 = c00,
    c51 = c00;
  for (; k > 0; --k) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    if (rows > 1) {
      x = v128.load32_splat(a, 4);
      c10 = multiplyAdd(x, b0, c10);
      c11 = multiplyAdd(x, b1, c11);
    }
    if (rows > 2) {
      x = v128.load32_splat(a, 8);
      c20 = multiplyAdd(x, b0, c20);
      c21 = multiplyAdd(x, b1, c21);
    }
    if (rows > 3) {
      x = v128.load32_splat(a, 12);
      c30 = multiplyAdd(x, b0, c30);
      c31 = multiplyAdd(x, b1, c31);
    }
    if (rows > 4) {
      x = v128.load32_splat(a, 16);
      c40 = multiplyAdd(x, b0, c40);
      c41 = multiplyAdd(x, b1, c41);
    }
    if (rows > 5) {
      x = v128.load32_splat(a, 20);
      c50 = multiplyAdd(x, b0, c50);
      c51 = multiplyAdd(x, b1, c51);
    }
    a += 4 * TILE_ROWS;
    b += bStep;
  }
  storeRow(c, c00, c01, columns, mode, bias);
  if (rows > 1) storeRow(c + cStep, c10, c11, columns, mode, bias);
  if (rows > 2) storeRow(c + 2 * cStep, c20, c21, columns, mode, bias);
  if (rows > 3) storeRow(c + 3 * cStep, c30, c31, columns, mode, bias);
  if (rows > 4) storeRow(c + 4 * cStep, c40, c41, columns, mode, bias);
  if (rows > 5) storeRow(c + 5 * cStep, c50, c51, columns, mode, bias);
}

/**
 * One tile of C with `rows` in 1…6 and `columns` in 1…8. `bias` is the address of the tile's 8 bias values or 0. With
 * fewer than 8 columns B, C and bias are read past their end (see KERNELS.md), but C is only written where it is due.
 */
export function multiplyTile(
  rows: i32,
  columns: i32,
  k: i32,
  a: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cStep: usize,
  mode: i32,
  bias: usize,
): void {
  switch (rows) {
    case 6:
      tile(6, k, a, b, bStep, c, cStep, columns, mode, bias);
      break;
    case 5:
      tile(5, k, a, b, bStep, c, cStep, columns, mode, bias);
      break;
    case 4:
      tile(4, k, a, b, bStep, c, cStep, columns, mode, bias);
      break;
    case 3:
      tile(3, k, a, b, bStep, c, cStep, columns, mode, bias);
      break;
    case 2:
      tile(2, k, a, b, bStep, c, cStep, columns, mode, bias);
      break;
    default:
      tile(1, k, a, b, bStep, c, cStep, columns, mode, bias);
  }
}
