// The optimizer kernels work on a list of parameters in one job. The list is a table of rows of `ROW` bytes: the number
// of elements, the number of the row's first block, then up to four addresses. The elements of every row are cut into
// blocks of BLOCK, numbered through the whole table, and the parts of a job share the blocks.

/** Bytes of a row. */
export const ROW: usize = 24;
/** Elements of a block: 16 KiB an array, so that the four arrays of Adam stay in the first cache. */
export const BLOCK: i32 = 4096;

// @ts-ignore: decorator
@inline
export function rowLength(row: usize): i32 {
  return load<i32>(row);
}

// @ts-ignore: decorator
@inline
export function rowFirstBlock(row: usize): i32 {
  return load<i32>(row, 4);
}

/** Address `index` (0…3) of the row, moved on by `offset` bytes; 0 stays 0. */
// @ts-ignore: decorator
@inline
export function rowAddress(row: usize, index: usize, offset: usize): usize {
  const address = <usize>load<u32>(row + 8 + (index << 2));
  return address == 0 ? 0 : address + offset;
}

/** Blocks of a row. */
// @ts-ignore: decorator
@inline
export function rowBlocks(row: usize): i32 {
  return <i32>((<i64>rowLength(row) + BLOCK - 1) / BLOCK);
}
