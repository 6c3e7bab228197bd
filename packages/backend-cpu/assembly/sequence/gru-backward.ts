import { flushTiny } from '../support/lanes';
import { product } from './product';
import { addRow, clearUnits, copyRow } from './rows';
import { countActive, loadState, packedRow, Sequence, sequenceAt, sourceRow, storeState } from './sequence';

/** Slots of `gruBackward`. */
@unmanaged
class GruBackward extends Sequence {
  /** Each may be 0: that output was not used. */
  outputGradient: usize;
  hNGradient: usize;
  h0: usize;
  output: usize;
  /** Panels of W_hh by r, z, n in one (after), or by r, z here and by n in `packedN` (before) */
  packedHh: usize;
  packedN: usize;
  resetAfter: i32;
  /**
   * The saved blocks n, r, z and q or r∘h. dn, dr, dz take the place of the first three; dq that of q, while r∘h stays
   * for the weight gradient.
   */
  gates: usize;
  /** Receives the gradient; 0: not wanted */
  h0Gradient: usize;
  /** For each part: dh, h and d(r∘h) [rows of the part, H padded] */
  scratch: usize;
  scratchStride: i32;
}

/** The sweep of a part from the last step to the first. */
export function gruBackward(args: usize, part: i32, parts: i32): void {
  const q = changetype<GruBackward>(args);
  const rows = (q.batch - part + parts - 1) / parts;
  const outside = q.outside != 0;
  const gateStride = (<usize>q.gateStride) << 2;
  const stride = (<usize>q.hiddenPadded) << 2;
  const panels = q.hiddenPadded >> 3;
  const dh = q.scratch + <usize>part * <usize>q.scratchStride;
  const before = dh + <usize>rows * stride;
  const reset = before + <usize>rows * stride;
  loadState(q, q.hNGradient, q.hiddenSize, dh, q.hiddenPadded, part, parts);
  loadState(q, 0, 0, before, q.hiddenPadded, part, parts);

  for (let s = q.longest - 1; s >= 0; s--) {
    const count = countActive(q, s, part, parts);
    if (count == 0) continue;
    const first = q.gates + <usize>packedRow(q, s, 0, part, parts) * gateStride;
    const step = gateStride * <usize>parts;
    for (let i = 0; i < count; i++) {
      const offset = <usize>i * stride;
      if (q.outputGradient != 0) {
        addRow(
          dh + offset,
          sourceRow(q, q.outputGradient, packedRow(q, s, i, part, parts), q.hiddenSize),
          q.hiddenSize,
        );
      }
      loadBefore(q, s, i, part, parts, before + offset);
      gruCellBackward(first + <usize>i * step, before + offset, dh + offset, stride, q.resetAfter != 0);
      clearUnits(first + <usize>i * step, q.resetAfter != 0 ? 4 : 3, q.hiddenSize, q.hiddenPadded);
    }
    if (q.resetAfter != 0) {
      if (s == 0 && q.h0Gradient == 0) break;
      product(outside, first + stride, step, count, q.packedHh, panels, 3 * q.hiddenPadded, dh, stride, dh, stride);
    } else {
      product(outside, first, step, count, q.packedN, panels, q.hiddenPadded, 0, 0, reset, stride);
      for (let i: usize = 0; i < <usize>count; i++) {
        resetBackward(first + i * step + stride, before + i * stride, dh + i * stride, reset + i * stride, stride);
        clearUnits(first + i * step + stride, 1, q.hiddenSize, q.hiddenPadded);
      }
      if (s == 0 && q.h0Gradient == 0) break;
      product(outside, first + stride, step, count, q.packedHh, panels, 2 * q.hiddenPadded, dh, stride, dh, stride);
    }
  }
  if (q.h0Gradient != 0) storeState(q, dh, q.hiddenPadded, q.h0Gradient, q.hiddenSize, part, parts);
}

/** h before step s of the part's position number i; at step 0 without h0 it stays the zeros of the beginning. */
// @ts-ignore: decorator
@inline
function loadBefore(q: GruBackward, s: i32, i: i32, part: i32, parts: i32, to: usize): void {
  if (s > 0) {
    copyRow(to, sourceRow(q, q.output, packedRow(q, s - 1, i, part, parts), q.hiddenSize), q.hiddenSize);
  } else if (q.h0 != 0) {
    copyRow(to, q.h0 + <usize>sequenceAt(q, part + i * parts) * ((<usize>q.hiddenSize) << 2), q.hiddenSize);
  } else {
    memory.fill(to, 0, (<usize>q.hiddenPadded) << 2);
  }
}

/** One row: n and z (and r and q where the reset comes after) become their gradients, dh becomes dh∘z. */
// @ts-ignore: decorator
@inline
function gruCellBackward(gates: usize, before: usize, dh: usize, block: usize, resetAfter: bool): void {
  const one = f32x4.splat(1);
  for (let u: usize = 0; u < block; u += 16) {
    const pn = gates + u;
    const pr = pn + block;
    const pz = pr + block;
    const n = v128.load(pn);
    const z = v128.load(pz);
    const d = flushTiny(v128.load(dh + u));
    const rest = f32x4.sub(one, z);
    const dn = f32x4.mul(f32x4.mul(d, rest), f32x4.sub(one, f32x4.mul(n, n)));
    v128.store(pn, dn);
    v128.store(pz, f32x4.mul(f32x4.mul(d, f32x4.sub(v128.load(before + u), n)), f32x4.mul(z, rest)));
    v128.store(dh + u, f32x4.mul(d, z));
    if (resetAfter) {
      const r = v128.load(pr);
      const hidden = v128.load(pz + block);
      v128.store(pr, f32x4.mul(f32x4.mul(dn, hidden), f32x4.mul(r, f32x4.sub(one, r))));
      v128.store(pz + block, f32x4.mul(dn, r));
    }
  }
}

/** Where the reset comes before the product: dr = d(r∘h)∘h∘r∘(1 − r), dh += d(r∘h)∘r. */
// @ts-ignore: decorator
@inline
function resetBackward(pr: usize, before: usize, dh: usize, reset: usize, block: usize): void {
  const one = f32x4.splat(1);
  for (let u: usize = 0; u < block; u += 16) {
    const r = v128.load(pr + u);
    const d = v128.load(reset + u);
    v128.store(pr + u, f32x4.mul(f32x4.mul(d, v128.load(before + u)), f32x4.mul(r, f32x4.sub(one, r))));
    v128.store(dh + u, f32x4.add(v128.load(dh + u), f32x4.mul(d, r)));
  }
}
