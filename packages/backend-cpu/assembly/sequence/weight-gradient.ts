import { multiplyAdd } from '../support/lanes';
import { partStart } from '../support/split';

/**
 * Packed rows that a pass over the weights takes in: six columns of dG (6 KiB) and a panel (8 KiB) stay in the
 * first-level cache.
 */
const DEPTH: i32 = 256;
/** Columns of the right side that a pass takes in: 512 KiB of panels, for the second-level cache. */
const WIDTH: i32 = 512;
/**
 * Bytes from one panel to the next; 64 more than it holds, lest the eight floats of a row all fall into one cache set.
 */
const PANEL: usize = ((<usize>DEPTH) << 5) + 64;

/** Slots of `weightGradient`. */
@unmanaged
class WeightGradient {
  /** Packed rows */
  rows: i32;
  /** The first block of the first row of dG, and floats from row to row */
  left: usize;
  leftStride: i32;
  /** H, and padded */
  units: i32;
  unitsPadded: i32;
  blocks: i32;
  /** The gate of each block, a byte each */
  gates: i32;
  /** Right rows: `right + index[row]·rightStride·4`, or where `index` is 0 `right + row·rightStride·4` */
  right: usize;
  rightStride: i32;
  index: usize;
  /** 1: `index` holds addresses */
  indexIsAddress: i32;
  /** K: columns of the result; 0 for the bias alone */
  columns: i32;
  /** [gates·H, K] */
  target: usize;
  /** [gates·H]: Σ dG, or 0 */
  bias: usize;
  /** For each part: the panels, 256·6 floats, 48 floats */
  scratch: usize;
  scratchStride: i32;
}

/** Bytes of scratch memory that `weightGradient` wants for each part. */
export function weightGradientScratch(columns: i32): i32 {
  return <i32>(<usize>min((columns + 7) >> 3, WIDTH >> 3) * PANEL + <usize>DEPTH * 24 + 192);
}

/**
 * dW = dGᵀ·R, and db = Σ dG: one product over all packed rows. Parts share out the rows of dW; each adds up over the
 * packed rows in the same order, so the result does not depend on their number.
 */
export function weightGradient(args: usize, part: i32, parts: i32): void {
  const q = changetype<WeightGradient>(args);
  const tilesOfBlock = (q.units + 5) / 6;
  const tiles = tilesOfBlock * q.blocks;
  const first = partStart(tiles, part, parts, 1);
  const end = partStart(tiles, part + 1, parts, 1);
  if (first == end) return;
  const panels = q.scratch + <usize>part * <usize>q.scratchStride;
  const strip = panels + <usize>min((q.columns + 7) >> 3, WIDTH >> 3) * PANEL;
  const edge = strip + <usize>DEPTH * 24;
  let column = 0;
  do {
    const width = min(WIDTH, q.columns - column);
    let row = 0;
    do {
      const depth = min(DEPTH, q.rows - row);
      packRight(q, row, depth, column, width, panels);
      for (let tile = first; tile < end; tile++) {
        const block = tile / tilesOfBlock;
        const unit = (tile - block * tilesOfBlock) * 6;
        const height = min(6, q.units - unit);
        const target = ((q.gates >>> (block << 3)) & 255) * q.units + unit;
        const bias = column == 0 && q.bias != 0 ? q.bias + ((<usize>target) << 2) : 0;
        packLeft(q, row, depth, block * q.unitsPadded + unit, strip, bias, height, row == 0);
        for (let j = 0; j < width; j += 8) {
          const to = q.target + (<usize>target * <usize>q.columns + <usize>(column + j)) * 4;
          const panel = panels + <usize>(j >> 3) * PANEL;
          if (height == 6 && width - j >= 8) outerTile(strip, panel, depth, to, (<usize>q.columns) << 2, row > 0);
          else edgeTile(strip, panel, depth, to, (<usize>q.columns) << 2, row > 0, height, min(8, width - j), edge);
        }
      }
      row += DEPTH;
    } while (row < q.rows);
    column += WIDTH;
  } while (column < q.columns);
}

// @ts-ignore: decorator
@inline
function rightRow(q: WeightGradient, row: i32): usize {
  if (q.index == 0) return q.right + <usize>row * ((<usize>q.rightStride) << 2);
  const entry = load<u32>(q.index + ((<usize>row) << 2));
  return q.indexIsAddress != 0 ? <usize>entry : q.right + <usize>entry * ((<usize>q.rightStride) << 2);
}

/** Rows row…row + depth of the right side, columns column…column + width, into panels [depth][8]. */
function packRight(q: WeightGradient, row: i32, depth: i32, column: i32, width: i32, panels: usize): void {
  for (let k = 0; k < depth; k++) {
    let from = rightRow(q, row + k) + ((<usize>column) << 2);
    let to = panels + ((<usize>k) << 5);
    // The last panel may take in floats from behind the row: they reach only columns that are never stored.
    for (let j = 0; j < width; j += 8) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      from += 32;
      to += PANEL;
    }
  }
}

/** Six columns of dG into [depth][6], and their sums on to `bias`. */
function packLeft(
  q: WeightGradient,
  row: i32,
  depth: i32,
  column: i32,
  strip: usize,
  bias: usize,
  height: i32,
  fresh: bool,
): void {
  const stride = (<usize>q.leftStride) << 2;
  let from = q.left + <usize>row * stride + ((<usize>column) << 2);
  let to = strip;
  let low = f32x4.splat(0),
    high = low;
  for (let k = 0; k < depth; k++) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    v128.store(to, a);
    v128.store64_lane(to, b, 0, 16);
    low = f32x4.add(low, a);
    high = f32x4.add(high, b);
    from += stride;
    to += 24;
  }
  if (bias == 0) return;
  addLane(bias, f32x4.extract_lane(low, 0), fresh);
  if (height > 1) addLane(bias + 4, f32x4.extract_lane(low, 1), fresh);
  if (height > 2) addLane(bias + 8, f32x4.extract_lane(low, 2), fresh);
  if (height > 3) addLane(bias + 12, f32x4.extract_lane(low, 3), fresh);
  if (height > 4) addLane(bias + 16, f32x4.extract_lane(high, 0), fresh);
  if (height > 5) addLane(bias + 20, f32x4.extract_lane(high, 1), fresh);
}

// @ts-ignore: decorator
@inline
function addLane(address: usize, value: f32, fresh: bool): void {
  store<f32>(address, fresh ? value : load<f32>(address) + value);
}

/** C[6, 8] (+)= stripᵀ·panel. The sum over one pass is added to C at its end, which keeps long sums exact. */
function outerTile(strip: usize, panel: usize, depth: i32, c: usize, cStride: usize, add: bool): void {
  let c00 = f32x4.splat(0),
    c01 = c00,
    c10 = c00,
    c11 = c00,
    c20 = c00,
    c21 = c00;
  let c30 = c00,
    c31 = c00,
    c40 = c00,
    c41 = c00,
    c50 = c00,
    c51 = c00;
  let a = strip,
    b = panel;
  const end = panel + ((<usize>depth) << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = multiplyAdd(s, b0, c00);
    c01 = multiplyAdd(s, b1, c01);
    s = v128.load32_splat(a, 4);
    c10 = multiplyAdd(s, b0, c10);
    c11 = multiplyAdd(s, b1, c11);
    s = v128.load32_splat(a, 8);
    c20 = multiplyAdd(s, b0, c20);
    c21 = multiplyAdd(s, b1, c21);
    s = v128.load32_splat(a, 12);
    c30 = multiplyAdd(s, b0, c30);
    c31 = multiplyAdd(s, b1, c31);
    s = v128.load32_splat(a, 16);
    c40 = multiplyAdd(s, b0, c40);
    c41 = multiplyAdd(s, b1, c41);
    s = v128.load32_splat(a, 20);
    c50 = multiplyAdd(s, b0, c50);
    c51 = multiplyAdd(s, b1, c51);
    a += 24;
    b += 32;
  }
  let to = c;
  addRowOfTile(to, c00, c01, add);
  addRowOfTile((to += cStride), c10, c11, add);
  addRowOfTile((to += cStride), c20, c21, add);
  addRowOfTile((to += cStride), c30, c31, add);
  addRowOfTile((to += cStride), c40, c41, add);
  addRowOfTile(to + cStride, c50, c51, add);
}

// @ts-ignore: decorator
@inline
function addRowOfTile(to: usize, low: v128, high: v128, add: bool): void {
  v128.store(to, add ? f32x4.add(v128.load(to), low) : low);
  v128.store(to, add ? f32x4.add(v128.load(to, 16), high) : high, 16);
}

/** A tile at the border of C goes through a whole one on the side. */
function edgeTile(
  strip: usize,
  panel: usize,
  depth: i32,
  c: usize,
  cStride: usize,
  add: bool,
  height: i32,
  width: i32,
  edge: usize,
): void {
  outerTile(strip, panel, depth, edge, 32, false);
  for (let r = 0; r < height; r++) {
    for (let j = 0; j < width; j++) {
      addLane(
        c + <usize>r * cStride + ((<usize>j) << 2),
        load<f32>(edge + ((<usize>r) << 5) + ((<usize>j) << 2)),
        !add,
      );
    }
  }
}
