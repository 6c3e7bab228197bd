import { ACCUMULATE, multiplyTile, TILE_COLUMNS, TILE_ROWS } from './tile';
import { columnPanelBytes, packColumns, packRows, rowPanelBytes } from './pack';

// The blocks: a panel of B (8 KiB) stays in the first-level cache while the panels of A (6 KiB each) stream by from the
// second level, which holds a block of A (96 KiB) and one of B (512 KiB).
// @ts-ignore: decorator
@inline
export const K_BLOCK: i32 = 256;
// @ts-ignore: decorator
@inline
const M_BLOCK: i32 = 16 * TILE_ROWS;
// @ts-ignore: decorator
@inline
const N_BLOCK: i32 = 64 * TILE_COLUMNS;

/**
 * C `[m, n]` = A·B (+ C or bias) over packed A: panel i at `a + i·aPanelStep`, as `packRows` lays it out. B is packed
 * (`bPanelStep` = columnPanelBytes(k), `bStep` = 32) or plain rows (`bPanelStep` = 32, `bStep` = bytes of a row). All
 * steps in bytes. `mode` is OVERWRITE or ACCUMULATE; `bias` `[n]` or 0 is added.
 */
export function multiplyPanels(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  aPanelStep: usize,
  b: usize,
  bPanelStep: usize,
  bStep: usize,
  c: usize,
  cStep: usize,
  mode: i32,
  bias: usize,
): void {
  for (let j = 0; j < n; j += TILE_COLUMNS) {
    const columns = min(TILE_COLUMNS, n - j);
    let panel = a;
    let tile = c;
    for (let i = 0; i < m; i += TILE_ROWS) {
      multiplyTile(min(TILE_ROWS, m - i), columns, k, panel, b, bStep, tile, cStep, mode, bias);
      panel += aPanelStep;
      tile += TILE_ROWS * cStep;
    }
    b += bPanelStep;
    c += 4 * TILE_COLUMNS;
    if (bias != 0) bias += 4 * TILE_COLUMNS;
  }
}

/** Scratch bytes that `gemm` takes for a product of this size. */
export function gemmScratchBytes(m: i32, n: i32, k: i32): usize {
  const depth = min(k, K_BLOCK);
  const rowPanels = <usize>((min(m, M_BLOCK) + TILE_ROWS - 1) / TILE_ROWS);
  const columnPanels = <usize>((min(n, N_BLOCK) + TILE_COLUMNS - 1) / TILE_COLUMNS);
  return rowPanels * rowPanelBytes(depth) + columnPanels * columnPanelBytes(depth) + 128;
}

/**
 * C `[m, n]` = A·B (+ C or bias) on the calling thread. A's element (i, p) is at `a + i·aRowStep + p·aStep`, B's (p, j)
 * at `b + p·bRowStep + j·bStep`, C's (i, j) at `c + i·cStep + 4j`: bytes, so transposes are a matter of steps. `mode`
 * is OVERWRITE or ACCUMULATE, `bias` `[n]` or 0, `scratch` has `gemmScratchBytes(m, n, k)` bytes. The sum over k is cut
 * at multiples of 256: an element comes out the same in whatever piece of C it is computed.
 */
export function gemm(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  aRowStep: usize,
  aStep: usize,
  b: usize,
  bRowStep: usize,
  bStep: usize,
  c: usize,
  cStep: usize,
  mode: i32,
  bias: usize,
  scratch: usize,
): void {
  const depthMost = min(k, K_BLOCK);
  const packedA = scratch;
  const rowPanels = <usize>((min(m, M_BLOCK) + TILE_ROWS - 1) / TILE_ROWS);
  const packedB = (scratch + rowPanels * rowPanelBytes(depthMost) + 63) & ~63;
  // Packing B pays off only if its panels are used by several rows of tiles, or if it is transposed.
  const plainB = bStep == 4 && m <= 4 * TILE_ROWS;
  for (let j = 0; j < n; j += N_BLOCK) {
    const columns = min(N_BLOCK, n - j);
    for (let p = 0; p == 0 || p < k; p += K_BLOCK) {
      const depth = min(K_BLOCK, k - p);
      const blockB = b + <usize>p * bRowStep + <usize>j * bStep;
      if (!plainB) packColumns(depth, columns, blockB, bRowStep, bStep, packedB);
      for (let i = 0; i < m; i += M_BLOCK) {
        const rows = min(M_BLOCK, m - i);
        packRows(rows, depth, a + <usize>i * aRowStep + <usize>p * aStep, aRowStep, aStep, packedA);
        multiplyPanels(
          rows,
          columns,
          depth,
          packedA,
          rowPanelBytes(depth),
          plainB ? blockB : packedB,
          plainB ? 4 * TILE_COLUMNS : columnPanelBytes(depth),
          plainB ? bRowStep : 4 * TILE_COLUMNS,
          c + <usize>i * cStep + ((<usize>j) << 2),
          cStep,
          p == 0 ? mode : ACCUMULATE,
          p == 0 && bias != 0 ? bias + ((<usize>j) << 2) : 0,
        );
      }
    }
  }
}
