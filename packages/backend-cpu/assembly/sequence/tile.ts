import { multiplyAdd } from '../support/lanes';

// The micro-kernels of the recurrent sweep: a few rows of C times eight or more columns, C = init + A·panel. A is
// row-major and not packed, a panel holds eight columns of the weights as [k][8]. Six rows by eight columns are twelve
// accumulators, two vectors of the panel and one of A: fifteen of the sixteen registers that V8 gives (it keeps one for
// itself).
//
// One value of k a turn: with four, V8 moves all their loads to the front and spills eleven accumulators to the stack
// (40 instead of 49 GFLOP/s). One core of a Zen 3 at 3.1 GHz (50 GFLOP/s at most with 128 bits), relaxed SIMD, weights
// in L2: 48 GFLOP/s with six rows, 47 with four, and with two and one, which take two and four panels at a time, 44 and
// 27.
//
// Every kernel adds up over k in the same order, so an element does not depend on which of them made it: results
// are the same for any number of threads.

/**
 * C[0…rows, 0…8) = init + A·panel over `depth` values of k. `rows` is a constant, so that each caller gets code of its
 * own. Strides are in bytes; `initial` 0 starts from zero, `initialStride` 0 starts each row from one row (a bias).
 */
// @ts-ignore: decorator
@inline
function tile(
  rows: i32,
  a: usize,
  aStride: usize,
  panel: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  let c00 = f32x4.splat(0),
    c01 = c00,
    c10 = c00,
    c11 = c00,
    c20 = c00,
    c21 = c00;
  let c30 = c00,
    c31 = c00,
    c40 = c00,
    c41 = c00,
    c50 = c00,
    c51 = c00;
  if (initial != 0) {
    let from = initial;
    c00 = v128.load(from);
    c01 = v128.load(from, 16);
    if (rows > 1) {
      from += initialStride;
      c10 = v128.load(from);
      c11 = v128.load(from, 16);
    }
    if (rows > 2) {
      from += initialStride;
      c20 = v128.load(from);
      c21 = v128.load(from, 16);
    }
    if (rows > 3) {
      from += initialStride;
      c30 = v128.load(from);
      c31 = v128.load(from, 16);
    }
    if (rows > 4) {
      from += initialStride;
      c40 = v128.load(from);
      c41 = v128.load(from, 16);
    }
    if (rows > 5) {
      from += initialStride;
      c50 = v128.load(from);
      c51 = v128.load(from, 16);
    }
  }
  let a0 = a;
  let a1 = a0 + aStride;
  let a2 = a1 + aStride;
  let a3 = a2 + aStride;
  let a4 = a3 + aStride;
  let a5 = a4 + aStride;
  let b = panel;
  const end = panel + ((<usize>depth) << 5);
  let s: v128, b0: v128, b1: v128;
  while (b < end) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    s = v128.load32_splat(a0);
    c00 = multiplyAdd(s, b0, c00);
    c01 = multiplyAdd(s, b1, c01);
    if (rows > 1) {
      s = v128.load32_splat(a1);
      c10 = multiplyAdd(s, b0, c10);
      c11 = multiplyAdd(s, b1, c11);
    }
    if (rows > 2) {
      s = v128.load32_splat(a2);
      c20 = multiplyAdd(s, b0, c20);
      c21 = multiplyAdd(s, b1, c21);
    }
    if (rows > 3) {
      s = v128.load32_splat(a3);
      c30 = multiplyAdd(s, b0, c30);
      c31 = multiplyAdd(s, b1, c31);
    }
    if (rows > 4) {
      s = v128.load32_splat(a4);
      c40 = multiplyAdd(s, b0, c40);
      c41 = multiplyAdd(s, b1, c41);
    }
    if (rows > 5) {
      s = v128.load32_splat(a5);
      c50 = multiplyAdd(s, b0, c50);
      c51 = multiplyAdd(s, b1, c51);
    }
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    a4 += 4;
    a5 += 4;
    b += 32;
  }
  let to = c;
  v128.store(to, c00);
  v128.store(to, c01, 16);
  if (rows > 1) {
    to += cStride;
    v128.store(to, c10);
    v128.store(to, c11, 16);
  }
  if (rows > 2) {
    to += cStride;
    v128.store(to, c20);
    v128.store(to, c21, 16);
  }
  if (rows > 3) {
    to += cStride;
    v128.store(to, c30);
    v128.store(to, c31, 16);
  }
  if (rows > 4) {
    to += cStride;
    v128.store(to, c40);
    v128.store(to, c41, 16);
  }
  if (rows > 5) {
    to += cStride;
    v128.store(to, c50);
    v128.store(to, c51, 16);
  }
}

function tile1(
  a: usize,
  aStride: usize,
  panel: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  tile(1, a, aStride, panel, depth, initial, initialStride, c, cStride);
}

function tile2(
  a: usize,
  aStride: usize,
  panel: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  tile(2, a, aStride, panel, depth, initial, initialStride, c, cStride);
}

function tile3(
  a: usize,
  aStride: usize,
  panel: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  tile(3, a, aStride, panel, depth, initial, initialStride, c, cStride);
}

function tile4(
  a: usize,
  aStride: usize,
  panel: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  tile(4, a, aStride, panel, depth, initial, initialStride, c, cStride);
}

function tile5(
  a: usize,
  aStride: usize,
  panel: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  tile(5, a, aStride, panel, depth, initial, initialStride, c, cStride);
}

function tile6(
  a: usize,
  aStride: usize,
  panel: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  tile(6, a, aStride, panel, depth, initial, initialStride, c, cStride);
}

/** `tile` for any number of rows from 1 to 6. */
// @ts-ignore: decorator
@inline
export function tileRows(
  rows: i32,
  a: usize,
  aStride: usize,
  panel: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  switch (rows) {
    case 6:
      return tile6(a, aStride, panel, depth, initial, initialStride, c, cStride);
    case 5:
      return tile5(a, aStride, panel, depth, initial, initialStride, c, cStride);
    case 4:
      return tile4(a, aStride, panel, depth, initial, initialStride, c, cStride);
    case 3:
      return tile3(a, aStride, panel, depth, initial, initialStride, c, cStride);
    case 2:
      return tile2(a, aStride, panel, depth, initial, initialStride, c, cStride);
    default:
      return tile1(a, aStride, panel, depth, initial, initialStride, c, cStride);
  }
}

/**
 * C[0…2, 0…16) = init + A·(two panels side by side, `panelStride` bytes apart): a row pair needs both for eight
 * accumulators.
 */
export function tileTwoRows(
  a: usize,
  aStride: usize,
  panel: usize,
  panelStride: usize,
  depth: i32,
  initial: usize,
  initialStride: usize,
  c: usize,
  cStride: usize,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c02 = c00;
  let c03 = c00;
  let c10 = c00;
  let c11 = c00;
  let c12 = c00;
  let c13 = c00;
  if (initial != 0) {
    const from = initial + initialStride;
    c00 = v128.load(initial);
    c01 = v128.load(initial, 16);
    c02 = v128.load(initial, 32);
    c03 = v128.load(initial, 48);
    c10 = v128.load(from);
    c11 = v128.load(from, 16);
    c12 = v128.load(from, 32);
    c13 = v128.load(from, 48);
  }
  let a0 = a,
    a1 = a + aStride,
    p0 = panel,
    p1 = panel + panelStride;
  const end = panel + ((<usize>depth) << 5);
  while (p0 < end) {
    const s0 = v128.load32_splat(a0);
    const s1 = v128.load32_splat(a1);
    let b = v128.load(p0);
    c00 = multiplyAdd(s0, b, c00);
    c10 = multiplyAdd(s1, b, c10);
    b = v128.load(p0, 16);
    c01 = multiplyAdd(s0, b, c01);
    c11 = multiplyAdd(s1, b, c11);
    b = v128.load(p1);
    c02 = multiplyAdd(s0, b, c02);
    c12 = multiplyAdd(s1, b, c12);
    b = v128.load(p1, 16);
    c03 = multiplyAdd(s0, b, c03);
    c13 = multiplyAdd(s1, b, c13);
    a0 += 4;
    a1 += 4;
    p0 += 32;
    p1 += 32;
  }
  const to = c + cStride;
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  v128.store(to, c10);
  v128.store(to, c11, 16);
  v128.store(to, c12, 32);
  v128.store(to, c13, 48);
}

/**
 * C[0…32) = init + a·(four panels side by side, `panelStride` bytes apart): one row needs them for eight accumulators.
 */
export function tileRow(a: usize, panel: usize, panelStride: usize, depth: i32, initial: usize, c: usize): void {
  let c0 = f32x4.splat(0),
    c1 = c0,
    c2 = c0,
    c3 = c0,
    c4 = c0,
    c5 = c0,
    c6 = c0,
    c7 = c0;
  if (initial != 0) {
    c0 = v128.load(initial);
    c1 = v128.load(initial, 16);
    c2 = v128.load(initial, 32);
    c3 = v128.load(initial, 48);
    c4 = v128.load(initial, 64);
    c5 = v128.load(initial, 80);
    c6 = v128.load(initial, 96);
    c7 = v128.load(initial, 112);
  }
  let k = a,
    p0 = panel,
    p1 = p0 + panelStride,
    p2 = p1 + panelStride,
    p3 = p2 + panelStride;
  const end = panel + ((<usize>depth) << 5);
  while (p0 < end) {
    const s = v128.load32_splat(k);
    c0 = multiplyAdd(s, v128.load(p0), c0);
    c1 = multiplyAdd(s, v128.load(p0, 16), c1);
    c2 = multiplyAdd(s, v128.load(p1), c2);
    c3 = multiplyAdd(s, v128.load(p1, 16), c3);
    c4 = multiplyAdd(s, v128.load(p2), c4);
    c5 = multiplyAdd(s, v128.load(p2, 16), c5);
    c6 = multiplyAdd(s, v128.load(p3), c6);
    c7 = multiplyAdd(s, v128.load(p3, 16), c7);
    k += 4;
    p0 += 32;
    p1 += 32;
    p2 += 32;
    p3 += 32;
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
  v128.store(c, c2, 32);
  v128.store(c, c3, 48);
  v128.store(c, c4, 64);
  v128.store(c, c5, 80);
  v128.store(c, c6, 96);
  v128.store(c, c7, 112);
}
