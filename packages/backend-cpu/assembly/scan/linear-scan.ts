import { integer, pointer } from '../support/arguments';
import { flushTiny, multiplyAdd, storeLanes, VECTOR } from '../support/lanes';
import { partStart } from '../support/split';

/** Row `step` of a matrix whose rows have `stride` bytes. */
// @ts-ignore: decorator
@inline
function row(base: usize, step: i32, stride: usize): usize {
  return base + <usize>step * stride;
}

/**
 * h_t = a_t∘h_{t−1} + b_t over the steps in the direction of travel; the parts share the columns. A row at a time, so
 * that the row before is still in the cache. Slots: a, b, initial (or 0), h, steps, width, reverse.
 */
export function linearScanForward(args: usize, part: i32, parts: i32): void {
  const steps = integer(args, 4);
  const width = integer(args, 5);
  const reverse = integer(args, 6) != 0;
  const stride = (<usize>width) << 2;
  const first = (<usize>partStart(width, part, parts, 16)) << 2;
  const last = (<usize>partStart(width, part + 1, parts, 16)) << 2;
  let before = pointer(args, 2);
  for (let k = 0; k < steps; k++) {
    const t = reverse ? steps - 1 - k : k;
    const a = row(pointer(args, 0), t, stride);
    const b = row(pointer(args, 1), t, stride);
    const h = row(pointer(args, 3), t, stride);
    for (let i = first; i < last; i += VECTOR) {
      const value =
        before != 0 ? multiplyAdd(v128.load(a + i), v128.load(before + i), v128.load(b + i)) : v128.load(b + i);
      put(h + i, value, <i32>((last - i) >> 2));
    }
    before = h;
  }
}

/**
 * λ_t = dh_t + a_{t+1}∘λ_{t+1} from the last step of the travel to the first, da_t = λ_t∘h_{t−1} and
 * dinitial = a_first∘λ_first.
 * Slots: a, initial (or 0), h, dh, da (or 0), λ, dinitial (or 0), steps, width, reverse.
 */
export function linearScanBackward(args: usize, part: i32, parts: i32): void {
  const da = pointer(args, 4);
  const lambda = pointer(args, 5);
  const initial = pointer(args, 1);
  const gradient = pointer(args, 6);
  const steps = integer(args, 7);
  const width = integer(args, 8);
  const reverse = integer(args, 9) != 0;
  const stride = (<usize>width) << 2;
  const first = (<usize>partStart(width, part, parts, 16)) << 2;
  const last = (<usize>partStart(width, part + 1, parts, 16)) << 2;
  const zero = f32x4.splat(0.0);
  for (let k = steps - 1; k >= 0; k--) {
    const t = reverse ? steps - 1 - k : k;
    const after = reverse ? t - 1 : t + 1;
    const before = k == 0 ? initial : row(pointer(args, 2), reverse ? t + 1 : t - 1, stride);
    for (let i = first; i < last; i += VECTOR) {
      let value = v128.load(row(pointer(args, 3), t, stride) + i);
      if (k < steps - 1)
        value = multiplyAdd(
          v128.load(row(pointer(args, 0), after, stride) + i),
          v128.load(row(lambda, after, stride) + i),
          value,
        );
      value = flushTiny(value);
      const count = <i32>((last - i) >> 2);
      put(row(lambda, t, stride) + i, value, count);
      if (da != 0) put(row(da, t, stride) + i, before != 0 ? f32x4.mul(value, v128.load(before + i)) : zero, count);
      if (k == 0 && gradient != 0)
        put(gradient + i, f32x4.mul(value, v128.load(row(pointer(args, 0), t, stride) + i)), count);
    }
  }
  if (steps == 0 && gradient != 0) {
    for (let i = first; i < last; i += VECTOR) put(gradient + i, zero, <i32>((last - i) >> 2));
  }
}

/** Stores four lanes, or the `count` that are left. */
// @ts-ignore: decorator
@inline
function put(address: usize, value: v128, count: i32): void {
  if (count >= 4) v128.store(address, value);
  else storeLanes(address, value, count);
}
