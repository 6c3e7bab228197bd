import { storeLanes } from '../support/lanes';

/**
 * to[0…count) = from[0…count). A loop of vectors: `memory.copy` costs V8 a call of 20–30 ns, as much as a row of 128.
 */
// @ts-ignore: decorator
@inline
export function copyRow(to: usize, from: usize, count: i32): void {
  let i = count;
  let target = to;
  let source = from;
  for (; i >= 4; i -= 4) {
    v128.store(target, v128.load(source));
    target += 16;
    source += 16;
  }
  if (i > 0) storeLanes(target, v128.load(source), i);
}

/** to[0…count) += from[0…count). */
// @ts-ignore: decorator
@inline
export function addRow(to: usize, from: usize, count: i32): void {
  let i = count;
  let target = to;
  let source = from;
  for (; i >= 4; i -= 4) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
    target += 16;
    source += 16;
  }
  if (i > 0) storeLanes(target, f32x4.add(v128.load(target), v128.load(source)), i);
}

/**
 * Zeros for the units that a row of `blocks` blocks is padded with. An infinite input times their weights, which are 0,
 * has made NaN of them, and the products of the backward pass go over them too.
 */
// @ts-ignore: decorator
@inline
export function clearUnits(row: usize, blocks: i32, units: i32, padded: i32): void {
  if (units == padded) return;
  for (let block = 0; block < blocks; block++) {
    for (let unit = units; unit < padded; unit++) store<f32>(row + ((<usize>(block * padded + unit)) << 2), 0);
  }
}

/** to[0…count) = 0. */
// @ts-ignore: decorator
@inline
export function clearRow(to: usize, count: i32): void {
  memory.fill(to, 0, (<usize>count) << 2);
}
