import { float, integer, pointer } from '../support/arguments';
import { multiplyAdd, VECTOR } from '../support/lanes';
import { partStart } from '../support/split';
import { BLOCK, ROW, rowAddress, rowBlocks, rowFirstBlock, rowLength } from './table';

/**
 * One step of Adam over the blocks of a table of (parameter, gradient, m, v). The last vector of a row may reach past
 * its end: the heap's lines of 64 bytes belong to one buffer, so nothing of another is touched.
 * Slots: table, rows, blocks, factor (or 0); β₁, β₂, 1 − β₁, 1 − β₂, lr/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ), ε, coupled decay,
 * 1 − lr·decoupled decay.
 */
export function adamBlocks(args: usize, part: i32, parts: i32): void {
  const table = pointer(args, 0);
  const rows = integer(args, 1);
  const blocks = integer(args, 2);
  const factorAt = pointer(args, 3);
  const factor: f32 = factorAt == 0 ? <f32>1.0 : load<f32>(factorAt);
  if (!(factor >= 0.0)) return;
  const g0 = f32x4.splat(factor);
  const beta1 = f32x4.splat(float(args, 4));
  const beta2 = f32x4.splat(float(args, 5));
  const rest1 = f32x4.splat(float(args, 6));
  const rest2 = f32x4.splat(float(args, 7));
  const stepSize = f32x4.splat(float(args, 8));
  const correction = f32x4.splat(float(args, 9));
  const epsilon = f32x4.splat(float(args, 10));
  const decay = f32x4.splat(float(args, 11));
  const keep = f32x4.splat(float(args, 12));
  const first = partStart(blocks, part, parts, 1);
  const last = partStart(blocks, part + 1, parts, 1);
  for (let r = 0; r < rows; r++) {
    const row = table + <usize>r * ROW;
    const start = rowFirstBlock(row);
    const to = min(last, start + rowBlocks(row));
    for (let block = max(first, start); block < to; block++) {
      const done = (block - start) * BLOCK;
      const offset = (<usize>done) << 2;
      const p = rowAddress(row, 0, offset);
      const g = rowAddress(row, 1, offset);
      const m = rowAddress(row, 2, offset);
      const v = rowAddress(row, 3, offset);
      const bytes = (<usize>min(BLOCK, rowLength(row) - done)) << 2;
      for (let i: usize = 0; i < bytes; i += VECTOR) {
        const parameter = v128.load(p + i);
        const gradient = multiplyAdd(decay, parameter, f32x4.mul(v128.load(g + i), g0));
        const mean = multiplyAdd(beta1, v128.load(m + i), f32x4.mul(rest1, gradient));
        const square = multiplyAdd(beta2, v128.load(v + i), f32x4.mul(rest2, f32x4.mul(gradient, gradient)));
        v128.store(m + i, mean);
        v128.store(v + i, square);
        const divisor = multiplyAdd(f32x4.sqrt(square), correction, epsilon);
        const move = f32x4.mul(stepSize, f32x4.div(mean, divisor));
        v128.store(p + i, f32x4.sub(f32x4.mul(parameter, keep), move));
      }
    }
  }
}
