import { float, integer, pointer } from '../support/arguments';
import { multiplyAdd, multiplySubtract, VECTOR } from '../support/lanes';
import { partStart } from '../support/split';
import { BLOCK, ROW, rowAddress, rowBlocks, rowFirstBlock, rowLength } from './table';

/**
 * One step of gradient descent over the blocks of a table of (parameter, gradient, velocity or 0). As in `adamBlocks`,
 * a row's last vector may reach into the rest of its buffer's last line.
 * Slots: table, rows, blocks, factor (or 0), nesterov, first; lr, μ, 1 − dampening, weight decay.
 */
export function sgdBlocks(args: usize, part: i32, parts: i32): void {
  const table = pointer(args, 0);
  const rows = integer(args, 1);
  const blocks = integer(args, 2);
  const factorAt = pointer(args, 3);
  const nesterov = integer(args, 4) != 0;
  const isFirst = integer(args, 5) != 0;
  const factor: f32 = factorAt == 0 ? <f32>1.0 : load<f32>(factorAt);
  if (!(factor >= 0.0)) return;
  const g0 = f32x4.splat(factor);
  const rate = f32x4.splat(float(args, 6));
  const momentum = f32x4.splat(float(args, 7));
  const undamped = f32x4.splat(float(args, 8));
  const decay = f32x4.splat(float(args, 9));
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
      const v = rowAddress(row, 2, offset);
      const bytes = (<usize>min(BLOCK, rowLength(row) - done)) << 2;
      for (let i: usize = 0; i < bytes; i += VECTOR) {
        const parameter = v128.load(p + i);
        const gradient = multiplyAdd(decay, parameter, f32x4.mul(v128.load(g + i), g0));
        let direction = gradient;
        if (v != 0) {
          let velocity = gradient;
          if (!isFirst) velocity = multiplyAdd(momentum, v128.load(v + i), f32x4.mul(undamped, gradient));
          v128.store(v + i, velocity);
          direction = nesterov ? multiplyAdd(momentum, velocity, gradient) : velocity;
        }
        v128.store(p + i, multiplySubtract(rate, direction, parameter));
      }
    }
  }
}
