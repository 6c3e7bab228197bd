import { integer, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { loadStrided, loadStridedTail, rowOffset } from '../support/layout';
import { partStart } from '../support/split';

/** One operand to the whole row: what a mask with a value for each row comes to, at the speed of a copy. */
function copyRow(from: usize, stride: i32, out: usize, count: i32): void {
  const end = out + ((<usize>(count & ~3)) << 2);
  const step = (<usize>stride) << 4;
  while (out < end) {
    v128.store(out, loadStrided(from, stride));
    from += step;
    out += 16;
  }
  if (count & 3) storeLanes(out, loadStridedTail(from, stride, count & 3), count & 3);
}

function selectRow(
  condition: usize,
  conditionStride: i32,
  a: usize,
  aStride: i32,
  b: usize,
  bStride: i32,
  out: usize,
  count: i32,
): void {
  const zero = i32x4.splat(0);
  const end = out + ((<usize>(count & ~3)) << 2);
  const aStep = (<usize>aStride) << 4;
  const bStep = (<usize>bStride) << 4;
  if (conditionStride == 1 && aStride == 1 && (bStride == 0 || bStride == 1)) {
    // What masks look like in practice; without strides to ask for, it takes half of the time.
    const scalar = v128.load32_splat(b);
    while (out < end) {
      const unset = i32x4.eq(v128.load(condition), zero);
      v128.store(out, v128.bitselect(bStep ? v128.load(b) : scalar, v128.load(a), unset));
      condition += 16;
      a += 16;
      b += bStep;
      out += 16;
    }
  }
  while (out < end) {
    const unset = i32x4.eq(loadStrided(condition, conditionStride), zero);
    v128.store(out, v128.bitselect(loadStrided(b, bStride), loadStrided(a, aStride), unset));
    condition += (<usize>conditionStride) << 4;
    a += aStep;
    b += bStep;
    out += 16;
  }
  const rest = count & 3;
  if (rest) {
    const unset = i32x4.eq(loadStridedTail(condition, conditionStride, rest), zero);
    storeLanes(out, v128.bitselect(loadStridedTail(b, bStride, rest), loadStridedTail(a, aStride, rest), unset), rest);
  }
}

/**
 * out = condition ≠ 0 ? a : b over broadcast operands. Slots: condition, a, b, out, total elements, length of a row,
 * the three strides within a row, number of outer axes, and from slot 10 on these axes as `rowOffset` reads them.
 */
export function select32(args: usize, part: i32, parts: i32): void {
  const total = integer(args, 4);
  const length = integer(args, 5);
  const conditionStride = integer(args, 6);
  const aStride = integer(args, 7);
  const bStride = integer(args, 8);
  const axes = integer(args, 9);
  let position = partStart(total, part, parts, 16);
  const end = partStart(total, part + 1, parts, 16);
  let out = pointer(args, 3) + ((<usize>position) << 2);
  let row = position / length;
  let column = position - row * length;
  while (position < end) {
    const count = min(length - column, end - position);
    const condition =
      pointer(args, 0) + ((<usize>(rowOffset(args, 10, axes, 3, 0, row) + column * conditionStride)) << 2);
    const a = pointer(args, 1) + ((<usize>(rowOffset(args, 10, axes, 3, 1, row) + column * aStride)) << 2);
    const b = pointer(args, 2) + ((<usize>(rowOffset(args, 10, axes, 3, 2, row) + column * bStride)) << 2);
    if (conditionStride == 0) {
      if (load<u32>(condition) != 0) copyRow(a, aStride, out, count);
      else copyRow(b, bStride, out, count);
    } else {
      selectRow(condition, conditionStride, a, aStride, b, bStride, out, count);
    }
    position += count;
    out += (<usize>count) << 2;
    row++;
    column = 0;
  }
}
