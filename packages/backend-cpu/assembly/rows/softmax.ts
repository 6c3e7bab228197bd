import { integer, pointer } from '../support/arguments';
import { storeLanes, sumLanes, VECTOR } from '../support/lanes';
import { partStart } from '../support/split';
import { expNonPositive, firstLanes, rowDot, rowExpSum, rowMax, rowSum } from './row';

/** y = e^(x − max)/Σ e^(x − max) of each row. Slots: x, y, rows, classes. */
export function softmaxRows(args: usize, part: i32, parts: i32): void {
  const rows = integer(args, 2);
  const classes = integer(args, 3);
  const stride = (<usize>classes) << 2;
  const first = partStart(rows, part, parts, 1);
  const last = partStart(rows, part + 1, parts, 1);
  let x = pointer(args, 0) + <usize>first * stride;
  let y = pointer(args, 1) + <usize>first * stride;
  for (let row = first; row < last; row++, x += stride, y += stride) {
    const shift = rowMax(x, classes);
    const top = f32x4.splat(shift);
    let total = f32x4.splat(0.0);
    const whole = (<usize>(classes & ~3)) << 2;
    const rest = classes & 3;
    for (let i: usize = 0; i < whole; i += VECTOR) {
      const e = expNonPositive(f32x4.sub(v128.load(x + i), top));
      v128.store(y + i, e);
      total = f32x4.add(total, e);
    }
    let tail = f32x4.splat(0.0);
    if (rest != 0) {
      tail = v128.and(expNonPositive(f32x4.sub(v128.load(x + whole), top)), firstLanes(rest));
      total = f32x4.add(total, tail);
    }
    const scale = f32x4.splat(1.0 / sumLanes(total));
    for (let i: usize = 0; i < whole; i += VECTOR) v128.store(y + i, f32x4.mul(v128.load(y + i), scale));
    if (rest != 0) storeLanes(y + whole, f32x4.mul(tail, scale), rest);
  }
}

/** y = x − max − ln Σ e^(x − max) of each row. Slots: x, y, rows, classes. */
export function logSoftmaxRows(args: usize, part: i32, parts: i32): void {
  const rows = integer(args, 2);
  const classes = integer(args, 3);
  const stride = (<usize>classes) << 2;
  const first = partStart(rows, part, parts, 1);
  const last = partStart(rows, part + 1, parts, 1);
  let x = pointer(args, 0) + <usize>first * stride;
  let y = pointer(args, 1) + <usize>first * stride;
  for (let row = first; row < last; row++, x += stride, y += stride) {
    const shift = rowMax(x, classes);
    const top = f32x4.splat(shift);
    const logSum = f32x4.splat(<f32>Math.log(rowExpSum(x, classes, shift)));
    const whole = (<usize>(classes & ~3)) << 2;
    for (let i: usize = 0; i < whole; i += VECTOR)
      v128.store(y + i, f32x4.sub(f32x4.sub(v128.load(x + i), top), logSum));
    if ((classes & 3) != 0) storeLanes(y + whole, f32x4.sub(f32x4.sub(v128.load(x + whole), top), logSum), classes & 3);
  }
}

/** dx = y∘(dy − Σ dy∘y) of each row. Slots: y, dy, dx, rows, classes. */
export function softmaxRowsBackward(args: usize, part: i32, parts: i32): void {
  const rows = integer(args, 3);
  const classes = integer(args, 4);
  const stride = (<usize>classes) << 2;
  const first = partStart(rows, part, parts, 1);
  const last = partStart(rows, part + 1, parts, 1);
  let y = pointer(args, 0) + <usize>first * stride;
  let dy = pointer(args, 1) + <usize>first * stride;
  let dx = pointer(args, 2) + <usize>first * stride;
  for (let row = first; row < last; row++, y += stride, dy += stride, dx += stride) {
    const mean = f32x4.splat(rowDot(y, dy, classes));
    const whole = (<usize>(classes & ~3)) << 2;
    for (let i: usize = 0; i < whole; i += VECTOR) {
      v128.store(dx + i, f32x4.mul(v128.load(y + i), f32x4.sub(v128.load(dy + i), mean)));
    }
    if ((classes & 3) != 0) {
      storeLanes(dx + whole, f32x4.mul(v128.load(y + whole), f32x4.sub(v128.load(dy + whole), mean)), classes & 3);
    }
  }
}

/** dx = dy − e^y·Σ dy of each row. Slots: y, dy, dx, rows, classes. */
export function logSoftmaxRowsBackward(args: usize, part: i32, parts: i32): void {
  const rows = integer(args, 3);
  const classes = integer(args, 4);
  const stride = (<usize>classes) << 2;
  const first = partStart(rows, part, parts, 1);
  const last = partStart(rows, part + 1, parts, 1);
  let y = pointer(args, 0) + <usize>first * stride;
  let dy = pointer(args, 1) + <usize>first * stride;
  let dx = pointer(args, 2) + <usize>first * stride;
  for (let row = first; row < last; row++, y += stride, dy += stride, dx += stride) {
    const total = f32x4.splat(rowSum(dy, classes));
    const whole = (<usize>(classes & ~3)) << 2;
    for (let i: usize = 0; i < whole; i += VECTOR) {
      v128.store(dx + i, f32x4.sub(v128.load(dy + i), f32x4.mul(expNonPositive(v128.load(y + i)), total)));
    }
    if ((classes & 3) != 0) {
      storeLanes(
        dx + whole,
        f32x4.sub(v128.load(dy + whole), f32x4.mul(expNonPositive(v128.load(y + whole)), total)),
        classes & 3,
      );
    }
  }
}
