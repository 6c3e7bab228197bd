import { product } from './product';
import { copyRow } from './rows';
import { countActive, packedRow, sourceRow, Sequence } from './sequence';

/**
 * The first step after `start` whose rows no longer fit into a chunk of `capacity` rows; at least one step fits.
 * Returns `start` where the part has nothing left to do.
 */
export function chunkEnd(q: Sequence, start: i32, capacity: i32, part: i32, parts: i32): i32 {
  let rows = 0;
  let s = start;
  for (; s < q.longest; s++) {
    const count = countActive(q, s, part, parts);
    if (count == 0 || rows + count > capacity) break;
    rows += count;
  }
  return s;
}

/**
 * The input product of the steps start…end of one part: gathers their rows of x and makes bias + x·W_ihᵀ for
 * `panels` panels in the rows of `gates`, in the order in which the sweep comes to them. A few steps at a time: the
 * product is high enough to be fast, and its result is still in the cache when the sweep reads it.
 */
export function projectInput(
  q: Sequence,
  start: i32,
  end: i32,
  part: i32,
  parts: i32,
  x: usize,
  gathered: usize,
  packed: usize,
  panels: i32,
  bias: usize,
  gates: usize,
): void {
  const width = (<usize>q.inputSize) << 2;
  let to = gathered;
  let count = 0;
  for (let s = start; s < end; s++) {
    const active = countActive(q, s, part, parts);
    for (let i = 0; i < active; i++) {
      copyRow(to, sourceRow(q, x, packedRow(q, s, i, part, parts), q.inputSize), q.inputSize);
      to += width;
    }
    count += active;
  }
  product(
    q.outside != 0,
    gathered,
    width,
    count,
    packed,
    panels,
    q.inputSize,
    bias,
    0,
    gates,
    (<usize>q.gateStride) << 2,
  );
}
