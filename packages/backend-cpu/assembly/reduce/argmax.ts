import { integer, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { partStart } from '../support/split';

const enum Kind {
  float,
  signed,
  unsigned,
}

/** Lanes where `x` takes the lead over `best`: larger, or the first NaN. */
// @ts-ignore: decorator
@inline
function leads(kind: i32, x: v128, best: v128): v128 {
  if (kind == Kind.signed) return i32x4.gt_s(x, best);
  if (kind == Kind.unsigned) return i32x4.gt_u(x, best);
  return v128.or(f32x4.gt(x, best), v128.and(f32x4.ne(x, x), f32x4.eq(best, best)));
}

/** Is `x`, at `index`, to be preferred to `best`, at `bestIndex`? */
// @ts-ignore: decorator
@inline
function isBetter(kind: i32, x: v128, index: i32, best: v128, bestIndex: i32): bool {
  if (i32x4.extract_lane(leads(kind, x, best), 0) != 0) return true;
  return i32x4.extract_lane(leads(kind, best, x), 0) == 0 && index < bestIndex;
}

/**
 * The place of the largest of `length` consecutive elements: four candidates, one a lane, and then the best of these.
 */
// @ts-ignore: decorator
@inline
function argmaxRun(kind: i32, from: usize, length: i32): i32 {
  let best = v128.load32_splat(from);
  let place = i32x4.splat(0);
  const whole = length & ~3;
  let index = i32x4(0, 1, 2, 3);
  for (let i = 0; i < whole; i += 4) {
    const x = v128.load(from + ((<usize>i) << 2));
    const lead = leads(kind, x, best);
    best = v128.bitselect(x, best, lead);
    place = v128.bitselect(index, place, lead);
    index = i32x4.add(index, i32x4.splat(4));
  }
  let result = i32x4.extract_lane(place, 0);
  for (let lane = 1; lane < 4; lane++) {
    best = i8x16.shuffle(best, best, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
    place = i8x16.shuffle(place, place, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
    const candidate = i32x4.extract_lane(place, 0);
    if (isBetter(kind, best, candidate, v128.load32_splat(from + ((<usize>result) << 2)), result)) result = candidate;
  }
  for (let i = whole; i < length; i++) {
    const x = v128.load32_splat(from + ((<usize>i) << 2));
    if (isBetter(kind, x, i, v128.load32_splat(from + ((<usize>result) << 2)), result)) result = i;
  }
  return result;
}

// @ts-ignore: decorator
@inline
function rows(kind: i32, args: usize, part: i32, parts: i32): void {
  const input = pointer(args, 0);
  const out = pointer(args, 1);
  const count = integer(args, 2);
  const length = integer(args, 3);
  const end = partStart(count, part + 1, parts, 16);
  for (let row = partStart(count, part, parts, 16); row < end; row++) {
    store<i32>(out + ((<usize>row) << 2), argmaxRun(kind, input + ((<usize>(row * length)) << 2), length));
  }
}

// @ts-ignore: decorator
@inline
function columns(kind: i32, args: usize, part: i32, parts: i32): void {
  const input = pointer(args, 0);
  const out = pointer(args, 1);
  const length = integer(args, 3);
  const inner = integer(args, 4);
  const groups = (inner + 3) / 4;
  const step = (<usize>inner) << 2;
  const items = integer(args, 2) * groups;
  const end = partStart(items, part + 1, parts, 4);
  for (let item = partStart(items, part, parts, 4); item < end; item++) {
    const outerIndex = item / groups;
    const column = (item - outerIndex * groups) * 4;
    let from = input + ((<usize>(outerIndex * length * inner + column)) << 2);
    let best = v128.load(from);
    let place = i32x4.splat(0);
    for (let l = 1; l < length; l++) {
      from += step;
      const x = v128.load(from);
      const lead = leads(kind, x, best);
      best = v128.bitselect(x, best, lead);
      place = v128.bitselect(i32x4.splat(l), place, lead);
    }
    const to = out + ((<usize>(outerIndex * inner + column)) << 2);
    if (inner - column >= 4) v128.store(to, place);
    else storeLanes(to, place, inner - column);
  }
}

// The place of the largest element along an axis. Slots: input, out, outer, length, inner (1 for the kernels of rows).

export function argmaxRowsFloat(args: usize, part: i32, parts: i32): void {
  rows(Kind.float, args, part, parts);
}
export function argmaxRowsSigned(args: usize, part: i32, parts: i32): void {
  rows(Kind.signed, args, part, parts);
}
export function argmaxRowsUnsigned(args: usize, part: i32, parts: i32): void {
  rows(Kind.unsigned, args, part, parts);
}
export function argmaxColumnsFloat(args: usize, part: i32, parts: i32): void {
  columns(Kind.float, args, part, parts);
}
export function argmaxColumnsSigned(args: usize, part: i32, parts: i32): void {
  columns(Kind.signed, args, part, parts);
}
export function argmaxColumnsUnsigned(args: usize, part: i32, parts: i32): void {
  columns(Kind.unsigned, args, part, parts);
}
