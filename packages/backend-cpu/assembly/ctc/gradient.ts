import { expNonPositive } from '../rows/row';
import { integer, pointer } from '../support/arguments';
import { storeLanes, VECTOR } from '../support/lanes';
import { partStart } from '../support/split';
import { EMISSION_LABELS, emissionStride } from './layout';

/**
 * g·(softmax(x) − occupancy) of every frame that counts, 0 for the others. The occupancies are sparse: of C classes
 * only the blank and the target's labels have any. A sequence without a path gets 0, one whose loss is NaN gets NaN.
 * Slots: logits, T, N, C, blank, targets, maxLabels, inputLengths, targetLengths, normal, occupancies, feasible, g, dx.
 */
export function ctcGradient(args: usize, part: i32, parts: i32): void {
  const T = integer(args, 1);
  const N = integer(args, 2);
  const C = integer(args, 3);
  const maxLabels = integer(args, 6);
  const stride = (<usize>emissionStride(maxLabels)) << 2;
  const bytes = (<usize>C) << 2;
  const last = partStart(T * N, part + 1, parts, 1);
  for (let r = partStart(T * N, part, parts, 1); r < last; r++) {
    const t = r / N;
    const n = r - t * N;
    const offset = (<usize>n) << 2;
    const dx = pointer(args, 13) + <usize>r * bytes;
    const feasible = load<i32>(pointer(args, 11) + offset);
    if (t >= load<i32>(pointer(args, 7) + offset) || feasible == 0) {
      memory.fill(dx, 0, bytes);
      continue;
    }
    const g = feasible == 2 ? f32.NaN : load<f32>(pointer(args, 12) + offset);
    scaledSoftmax(pointer(args, 0) + <usize>r * bytes, dx, C, pointer(args, 9) + ((<usize>r) << 3), g);
    const shares = pointer(args, 10) + (<usize>n * <usize>T + <usize>t) * stride;
    const scale = g * load<f32>(shares, 4);
    subtract(dx + ((<usize>integer(args, 4)) << 2), scale * load<f32>(shares));
    const target = pointer(args, 5) + ((<usize>n * <usize>maxLabels) << 2);
    const labels = load<i32>(pointer(args, 8) + offset);
    for (let i: i32 = 0; i < labels; i++) {
      const at = (<usize>i) << 2;
      subtract(dx + ((<usize>load<i32>(target + at)) << 2), scale * load<f32>(shares + (EMISSION_LABELS << 2) + at));
    }
  }
}

// @ts-ignore: decorator
@inline
function subtract(address: usize, value: f32): void {
  store<f32>(address, load<f32>(address) - value);
}

/** out = g·e^(x − max)/sum, with the pair (max, sum) at `normal`. */
function scaledSoftmax(x: usize, out: usize, C: i32, normal: usize, g: f32): void {
  const top = v128.load32_splat(normal);
  const scale = f32x4.splat(g / load<f32>(normal, 4));
  const whole = (<usize>(C & ~3)) << 2;
  for (let i: usize = 0; i < whole; i += VECTOR) {
    v128.store(out + i, f32x4.mul(expNonPositive(f32x4.sub(v128.load(x + i), top)), scale));
  }
  if ((C & 3) != 0)
    storeLanes(out + whole, f32x4.mul(expNonPositive(f32x4.sub(v128.load(x + whole), top)), scale), C & 3);
}
