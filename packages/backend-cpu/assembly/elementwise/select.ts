import { integer, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { loadStrided, loadStridedTail, rowOffset } from '../support/layout';
import { partStart } from '../support/split';

/**
 * out = condition ≠ 0 ? a : b over broadcast operands. Slots: condition, a, b, out, total elements, length of a row, the
 * three strides within a row, number of outer axes, and from slot 10 on these axes as `rowOffset` reads them.
 */
export function select32(args: usize, part: i32, parts: i32): void {
  const condition = pointer(args, 0);
  const a = pointer(args, 1);
  const b = pointer(args, 2);
  const total = integer(args, 4);
  const length = integer(args, 5);
  const conditionStride = integer(args, 6);
  const aStride = integer(args, 7);
  const bStride = integer(args, 8);
  const axes = integer(args, 9);
  const zero = i32x4.splat(0);
  let position = partStart(total, part, parts, 16);
  const end = partStart(total, part + 1, parts, 16);
  let out = pointer(args, 3) + ((<usize>position) << 2);
  let row = position / length;
  let column = position - row * length;
  while (position < end) {
    const count = min(length - column, end - position);
    let conditionFrom = condition + ((<usize>(rowOffset(args, 10, axes, 3, 0, row) + column * conditionStride)) << 2);
    let aFrom = a + ((<usize>(rowOffset(args, 10, axes, 3, 1, row) + column * aStride)) << 2);
    let bFrom = b + ((<usize>(rowOffset(args, 10, axes, 3, 2, row) + column * bStride)) << 2);
    const wholeEnd = out + ((<usize>(count & ~3)) << 2);
    if (conditionStride == 1 && aStride == 1 && bStride <= 1 && bStride >= 0) {
      // What masks look like in practice; without strides to ask for, it takes a third of the time.
      const bStep: usize = (<usize>bStride) << 4;
      const scalar = v128.load32_splat(bFrom);
      while (out < wholeEnd) {
        const unset = i32x4.eq(v128.load(conditionFrom), zero);
        v128.store(out, v128.bitselect(bStep ? v128.load(bFrom) : scalar, v128.load(aFrom), unset));
        conditionFrom += 16;
        aFrom += 16;
        bFrom += bStep;
        out += 16;
      }
    }
    while (out < wholeEnd) {
      const unset = i32x4.eq(loadStrided(conditionFrom, conditionStride), zero);
      v128.store(out, v128.bitselect(loadStrided(bFrom, bStride), loadStrided(aFrom, aStride), unset));
      conditionFrom += (<usize>conditionStride) << 4;
      aFrom += (<usize>aStride) << 4;
      bFrom += (<usize>bStride) << 4;
      out += 16;
    }
    const rest = count & 3;
    if (rest) {
      const unset = i32x4.eq(loadStridedTail(conditionFrom, conditionStride, rest), zero);
      storeLanes(out, v128.bitselect(loadStridedTail(bFrom, bStride, rest), loadStridedTail(aFrom, aStride, rest), unset), rest);
      out += (<usize>rest) << 2;
    }
    position += count;
    row++;
    column = 0;
  }
}
