import { integer, markFault, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { partStart } from '../support/split';

// Parts split columns (or outer blocks), never the additions to one element: these happen in the order of the index.

// @ts-ignore: decorator
@inline
function addVectors(isFloat: bool, a: v128, b: v128): v128 {
  return isFloat ? f32x4.add(a, b) : i32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
function addRows(isFloat: bool, args: usize, part: i32, parts: i32): void {
  const index = pointer(args, 1);
  const count = integer(args, 3);
  const columns = integer(args, 4);
  const rowBytes = (<usize>columns) << 2;
  const start = partStart(columns, part, parts, 16);
  const width = partStart(columns, part + 1, parts, 16) - start;
  const values = pointer(args, 0) + ((<usize>start) << 2);
  const out = pointer(args, 2) + ((<usize>start) << 2);
  const rows = <u32>integer(args, 5);
  for (let n = 0; n < count; n++) {
    const row = load<u32>(index + ((<usize>n) << 2));
    if (row >= rows) {
      markFault(args);
      continue;
    }
    let from = values + <usize>n * rowBytes;
    let to = out + <usize>row * rowBytes;
    const wholeEnd = to + ((<usize>(width & ~3)) << 2);
    while (to < wholeEnd) {
      v128.store(to, addVectors(isFloat, v128.load(to), v128.load(from)));
      from += 16;
      to += 16;
    }
    if (width & 3) storeLanes(to, addVectors(isFloat, v128.load(to), v128.load(from)), width & 3);
  }
}

/**
 * out[index[n], :] += values[n, :]; an index out of range adds nothing. Slots: values, index, out, count, columns,
 * rows.
 */
export function scatterAddRowsFloat(args: usize, part: i32, parts: i32): void {
  addRows(true, args, part, parts);
}

export function scatterAddRowsInteger(args: usize, part: i32, parts: i32): void {
  addRows(false, args, part, parts);
}

// @ts-ignore: decorator
@inline
function addAxis(isFloat: bool, args: usize, part: i32, parts: i32): void {
  const values = pointer(args, 0);
  const index = pointer(args, 1);
  const out = pointer(args, 2);
  const outer = integer(args, 3);
  const length = integer(args, 4);
  const inner = integer(args, 5);
  const count = integer(args, 6);
  const alongInner = integer(args, 7) != 0;
  const firstOuter = alongInner ? 0 : partStart(outer, part, parts, 1);
  const lastOuter = alongInner ? outer : partStart(outer, part + 1, parts, 1);
  const firstInner = alongInner ? partStart(inner, part, parts, 16) : 0;
  const lastInner = alongInner ? partStart(inner, part + 1, parts, 16) : inner;
  for (let o = firstOuter; o < lastOuter; o++) {
    for (let c = 0; c < count; c++) {
      const at = <usize>(o * count + c) * <usize>inner;
      for (let i = firstInner; i < lastInner; i++) {
        const place = (at + i) << 2;
        const chosen = load<i32>(index + place);
        if (<u32>chosen >= <u32>length) {
          markFault(args);
          continue;
        }
        const to = out + ((<usize>(o * length + chosen) * <usize>inner + i) << 2);
        if (isFloat) store<f32>(to, load<f32>(to) + load<f32>(values + place));
        else store<i32>(to, load<i32>(to) + load<i32>(values + place));
      }
    }
  }
}

/**
 * out[o, index[o, c, i], i] += values[o, c, i]; an index out of range adds nothing. Slots: values, index, out, outer,
 * length, inner, count, 1 to split the inner axis and 0 to split the outer one.
 */
export function scatterAddAxisFloat(args: usize, part: i32, parts: i32): void {
  addAxis(true, args, part, parts);
}

export function scatterAddAxisInteger(args: usize, part: i32, parts: i32): void {
  addAxis(false, args, part, parts);
}
