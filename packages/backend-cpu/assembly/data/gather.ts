import { integer, markFault, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { partStart } from '../support/split';

/**
 * out[n, :] = table[index[n], :], 0 where the index is out of range. Slots: table, index, out, count, columns, rows.
 */
export function gatherRows32(args: usize, part: i32, parts: i32): void {
  const table = pointer(args, 0);
  const index = pointer(args, 1);
  const count = integer(args, 3);
  const rowBytes = (<usize>integer(args, 4)) << 2;
  const rows = <u32>integer(args, 5);
  const end = partStart(count, part + 1, parts, 1);
  for (let n = partStart(count, part, parts, 1); n < end; n++) {
    const row = load<u32>(index + ((<usize>n) << 2));
    let to = pointer(args, 2) + <usize>n * rowBytes;
    if (row >= rows) {
      markFault(args);
      memory.fill(to, 0, rowBytes);
      continue;
    }
    let from = table + <usize>row * rowBytes;
    const wholeEnd = to + (rowBytes & ~15);
    while (to < wholeEnd) {
      v128.store(to, v128.load(from));
      from += 16;
      to += 16;
    }
    const rest = (<i32>(rowBytes & 15)) >> 2;
    if (rest) storeLanes(to, v128.load(from), rest);
  }
}

/**
 * out[o, c, i] = input[o, index[o, c, i], i], 0 where the index is out of range. Slots: input, index, out, outer,
 * length, inner, count.
 */
export function gatherAxis32(args: usize, part: i32, parts: i32): void {
  const input = pointer(args, 0);
  const index = pointer(args, 1);
  const out = pointer(args, 2);
  const length = integer(args, 4);
  const inner = integer(args, 5);
  const count = integer(args, 6);
  const rows = integer(args, 3) * count;
  const end = partStart(rows, part + 1, parts, 1);
  for (let row = partStart(rows, part, parts, 1); row < end; row++) {
    const base = (row / count) * length;
    const at = <usize>row * <usize>inner;
    for (let i = 0; i < inner; i++) {
      const place = (at + i) << 2;
      const chosen = load<i32>(index + place);
      if (<u32>chosen >= <u32>length) {
        markFault(args);
        store<i32>(out + place, 0);
        continue;
      }
      const from = <usize>(base + chosen) * <usize>inner + i;
      store<i32>(out + place, load<i32>(input + (from << 2)));
    }
  }
}
