import { float, integer, markFault, pointer } from '../support/arguments';
import { storeLanes, VECTOR } from '../support/lanes';
import { partStart } from '../support/split';
import { expNonPositive, rowExpSum, rowMax, rowSum } from './row';

/**
 * loss = (1 − ε)·(lse − x[target]) + ε·(lse − mean x) with lse = max + ln Σ e^(x − max); the maximum and the sum of
 * each row go to `saved` as a pair. A target that is neither a class nor the ignored index is marked, with loss 0.
 * Slots: logits, targets, losses, saved (or 0), rows, classes, ignoreIndex; ε.
 */
export function crossEntropyRows(args: usize, part: i32, parts: i32): void {
  const targets = pointer(args, 1);
  const losses = pointer(args, 2);
  const saved = pointer(args, 3);
  const rows = integer(args, 4);
  const classes = integer(args, 5);
  const ignored = integer(args, 6);
  const smoothing = float(args, 7);
  const stride = (<usize>classes) << 2;
  const last = partStart(rows, part + 1, parts, 16);
  for (let row = partStart(rows, part, parts, 16); row < last; row++) {
    const offset = (<usize>row) << 2;
    const target = load<i32>(targets + offset);
    if (target == ignored) {
      store<f32>(losses + offset, 0.0);
      continue;
    }
    if (<u32>target >= <u32>classes) {
      markFault(args);
      store<f32>(losses + offset, 0.0);
      continue;
    }
    const x = pointer(args, 0) + <usize>row * stride;
    const top = rowMax(x, classes);
    const total = rowExpSum(x, classes, top);
    if (saved != 0) {
      store<f32>(saved + 2 * offset, top);
      store<f32>(saved + 2 * offset, total, 4);
    }
    const logSum = <f32>Math.log(total);
    const picked = logSum - (load<f32>(x + ((<usize>target) << 2)) - top);
    let loss = (<f32>1.0 - smoothing) * picked;
    // Only where it is asked for: with a class masked by −∞ the mean is −∞, and 0·∞ would be NaN.
    if (smoothing != 0.0) loss += smoothing * (logSum - (rowSum(x, classes) / <f32>classes - top));
    store<f32>(losses + offset, loss);
  }
}

/**
 * dx = g·(softmax(x) − ε/C − (1 − ε)·[target]); 0 in ignored rows and where the target is out of range, which is
 * marked. Slots: logits, targets, saved, g, dx, rows, classes, ignoreIndex; ε.
 */
export function crossEntropyRowsBackward(args: usize, part: i32, parts: i32): void {
  const targets = pointer(args, 1);
  const saved = pointer(args, 2);
  const upstream = pointer(args, 3);
  const rows = integer(args, 5);
  const classes = integer(args, 6);
  const ignored = integer(args, 7);
  const smoothing = float(args, 8);
  const stride = (<usize>classes) << 2;
  const whole = (<usize>(classes & ~3)) << 2;
  const last = partStart(rows, part + 1, parts, 16);
  for (let row = partStart(rows, part, parts, 16); row < last; row++) {
    const offset = (<usize>row) << 2;
    const x = pointer(args, 0) + <usize>row * stride;
    const dx = pointer(args, 4) + <usize>row * stride;
    const target = load<i32>(targets + offset);
    if (target == ignored || <u32>target >= <u32>classes) {
      if (target != ignored) markFault(args);
      memory.fill(dx, 0, stride);
      continue;
    }
    const g = load<f32>(upstream + offset);
    const top = f32x4.splat(load<f32>(saved + 2 * offset));
    const scale = f32x4.splat(g / load<f32>(saved + 2 * offset, 4));
    const floor = f32x4.splat((g * smoothing) / <f32>classes);
    for (let i: usize = 0; i < whole; i += VECTOR) {
      const e = expNonPositive(f32x4.sub(v128.load(x + i), top));
      v128.store(dx + i, f32x4.sub(f32x4.mul(e, scale), floor));
    }
    if ((classes & 3) != 0) {
      const e = expNonPositive(f32x4.sub(v128.load(x + whole), top));
      storeLanes(dx + whole, f32x4.sub(f32x4.mul(e, scale), floor), classes & 3);
    }
    const at = dx + ((<usize>target) << 2);
    store<f32>(at, load<f32>(at) - g * (<f32>1.0 - smoothing));
  }
}
