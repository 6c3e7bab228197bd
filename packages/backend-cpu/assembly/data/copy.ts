import { integer, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { loadStrided, loadStridedTail, rowOffset } from '../support/layout';
import { partStart } from '../support/split';

/** out[0…length) = input[0…length). Slots: input, out, length. */
export function copyWords(args: usize, part: i32, parts: i32): void {
  const length = integer(args, 2);
  const start = partStart(length, part, parts, 16);
  const count = partStart(length, part + 1, parts, 16) - start;
  memory.copy(pointer(args, 1) + ((<usize>start) << 2), pointer(args, 0) + ((<usize>start) << 2), (<usize>count) << 2);
}

/** Rows shorter than this are copied by a loop: `memory.copy` leaves WebAssembly, about 20 ns. */
// @ts-ignore: decorator
@inline
const LONG_ROW: i32 = 128;

// @ts-ignore: decorator
@inline
function copyRow(input: usize, inputStride: i32, out: usize, outStride: i32, count: i32): void {
  if (outStride == 1) {
    if (inputStride == 1 && count >= LONG_ROW) {
      memory.copy(out, input, (<usize>count) << 2);
      return;
    }
    const end = out + ((<usize>(count & ~3)) << 2);
    if (inputStride == 1) {
      while (out < end) {
        v128.store(out, v128.load(input));
        input += 16;
        out += 16;
      }
    }
    while (out < end) {
      v128.store(out, loadStrided(input, inputStride));
      input += (<usize>inputStride) << 4;
      out += 16;
    }
    if (count & 3) storeLanes(out, loadStridedTail(input, inputStride, count & 3), count & 3);
  } else {
    for (; count > 0; --count) {
      store<i32>(out, load<i32>(input));
      input += (<usize>inputStride) << 2;
      out += (<usize>outStride) << 2;
    }
  }
}

/**
 * out(i) = input(i), both strided. Slots: input, out, total elements, length of a row, strides of input and out within
 * a row, number of outer axes, and from slot 7 on these axes as `rowOffset` reads them.
 */
export function copyStrided(args: usize, part: i32, parts: i32): void {
  const input = pointer(args, 0);
  const out = pointer(args, 1);
  const total = integer(args, 2);
  const length = integer(args, 3);
  const inputStride = integer(args, 4);
  const outStride = integer(args, 5);
  const axes = integer(args, 6);
  const fastest = axes == 0 ? 1 : integer(args, 7);
  const inputStep = axes == 0 ? 0 : pointer(args, 8) << 2;
  const outStep = axes == 0 ? 0 : pointer(args, 9) << 2;
  let position = partStart(total, part, parts, 16);
  const end = partStart(total, part + 1, parts, 16);
  let row = position / length;
  let column = position - row * length;
  let left = fastest - (row % fastest);
  let from = input + ((<usize>rowOffset(args, 7, axes, 2, 0, row)) << 2);
  let to = out + ((<usize>rowOffset(args, 7, axes, 2, 1, row)) << 2);
  while (position < end) {
    const count = min(length - column, end - position);
    copyRow(
      from + ((<usize>(column * inputStride)) << 2),
      inputStride,
      to + ((<usize>(column * outStride)) << 2),
      outStride,
      count,
    );
    position += count;
    row++;
    column = 0;
    if (--left > 0) {
      from += inputStep;
      to += outStep;
    } else {
      left = fastest;
      from = input + ((<usize>rowOffset(args, 7, axes, 2, 0, row)) << 2);
      to = out + ((<usize>rowOffset(args, 7, axes, 2, 1, row)) << 2);
    }
  }
}
