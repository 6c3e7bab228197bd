import { rowExpSum, rowMax } from '../rows/row';
import { integer, pointer } from '../support/arguments';
import { VECTOR } from '../support/lanes';
import { partStart } from '../support/split';
import { EMISSION_LABELS, emissionStride, width } from './layout';
import { storeWide } from './wide';

/**
 * The one pass over all logits: of each frame that counts, the maximum and Σ e^(x − max) to `normal` (a pair for
 * each row of `[T, N]`), and e^(x − max) of the blank and of the sequence's labels to `emissions` `[N, T, stride]`. It
 * is split by rows, whatever the lengths, as it is nearly all of the work where C is large. Slots: logits, T, N, C,
 * blank, targets, maxLabels, inputLengths, targetLengths, normal, emissions.
 */
export function ctcEmissions(args: usize, part: i32, parts: i32): void {
  const T = integer(args, 1);
  const N = integer(args, 2);
  const C = integer(args, 3);
  const blank = (<usize>integer(args, 4)) << 2;
  const maxLabels = integer(args, 6);
  const stride = (<usize>emissionStride(maxLabels)) << 2;
  const last = partStart(T * N, part + 1, parts, 1);
  for (let r = partStart(T * N, part, parts, 1); r < last; r++) {
    const t = r / N;
    const n = r - t * N;
    if (t >= load<i32>(pointer(args, 7) + ((<usize>n) << 2))) continue;
    const row = pointer(args, 0) + ((<usize>r * <usize>C) << 2);
    const top = rowMax(row, C);
    const normal = pointer(args, 9) + ((<usize>r) << 3);
    store<f32>(normal, top);
    store<f32>(normal, rowExpSum(row, C, top), 4);
    const out = pointer(args, 10) + (<usize>n * <usize>T + <usize>t) * stride;
    storeWide(f32x4.splat(load<f32>(row + blank) - top), out, out + 4 * 4);
    store<i32>(out, load<i32>(out + 4 * 4), 4);
    const labels = load<i32>(pointer(args, 8) + ((<usize>n) << 2));
    const target = pointer(args, 5) + ((<usize>n * <usize>maxLabels) << 2);
    const to = out + (EMISSION_LABELS << 2);
    for (let i: i32 = 0; i < labels; i++) {
      const label = (<usize>load<i32>(target + ((<usize>i) << 2))) << 2;
      store<f32>(to + ((<usize>i) << 2), load<f32>(row + label) - top);
    }
    for (let i: i32 = labels; i < width(labels); i++) store<f32>(to + ((<usize>i) << 2), -f32.MAX_VALUE * 2);
    const exponents = (<usize>width(maxLabels)) << 2;
    const end = to + ((<usize>width(labels)) << 2);
    for (let at = to; at < end; at += VECTOR) storeWide(v128.load(at), at, at + exponents);
  }
}
