import { tanh } from '../math';
import { flushTiny } from '../support/lanes';
import { product } from './product';
import { chunkEnd, projectInput } from './project';
import { addRow, copyRow } from './rows';
import { clearPastEnd, countActive, lengthAt, loadState, packedRow, Sequence, sourceRow, storeState } from './sequence';

/** Slots of `rnnForward`. Gate rows hold one block: the activation's argument. */
@unmanaged
class RnnForward extends Sequence {
  x: usize;
  h0: usize;
  output: usize;
  hN: usize;
  /** Panels of W_ihᵀ and W_hhᵀ */
  packedIh: usize;
  packedHh: usize;
  bias: usize;
  /** relu instead of tanh */
  relu: i32;
  chunkRows: i32;
  /** For each part: x [chunkRows, D], gates [chunkRows, gateStride], two of h [rows of the part, P padded] */
  scratch: usize;
  scratchStride: i32;
}

/** The sweep of a part over all steps. */
export function rnnForward(args: usize, part: i32, parts: i32): void {
  const q = changetype<RnnForward>(args);
  const rows = (q.batch - part + parts - 1) / parts;
  const outside = q.outside != 0;
  const gateStride = (<usize>q.gateStride) << 2;
  const stride = (<usize>q.hiddenPadded) << 2;
  const panels = q.hiddenPadded >> 3;
  const gathered = q.scratch + <usize>part * <usize>q.scratchStride;
  const chunk = gathered + ((((<usize>(q.chunkRows * q.inputSize)) << 2) + 63) & ~63);
  const even = chunk + <usize>q.chunkRows * gateStride;
  const odd = even + <usize>rows * stride;
  loadState(q, q.h0, q.hiddenSize, even, q.hiddenPadded, part, parts);

  let from = even;
  let to = odd;
  let s = 0;
  while (true) {
    const end = chunkEnd(q, s, q.chunkRows, part, parts);
    if (end == s) break;
    projectInput(q, s, end, part, parts, q.x, gathered, q.packedIh, panels, q.bias, chunk);
    let gates = chunk;
    for (; s < end; s++) {
      const count = countActive(q, s, part, parts);
      product(outside, from, stride, count, q.packedHh, panels, q.hiddenSize, gates, gateStride, to, stride);
      for (let i = 0; i < count; i++) {
        const h = to + <usize>i * stride;
        activate(h, stride, q.relu != 0);
        copyRow(sourceRow(q, q.output, packedRow(q, s, i, part, parts), q.hiddenSize), h, q.hiddenSize);
      }
      gates += <usize>count * gateStride;
      const swap = from;
      from = to;
      to = swap;
    }
  }

  // The last state of a sequence of odd length stands in the odd buffer: a step writes only the rows it is active in.
  for (let i = 0; i < rows; i++) {
    const offset = <usize>i * stride;
    if ((lengthAt(q, part + i * parts) & 1) != 0) copyRow(even + offset, odd + offset, q.hiddenPadded);
  }
  storeState(q, even, q.hiddenPadded, q.hN, q.hiddenSize, part, parts);
  clearPastEnd(q, q.output, q.hiddenSize, part, parts);
}

// @ts-ignore: decorator
@inline
function activate(row: usize, bytes: usize, relu: bool): void {
  const zero = f32x4.splat(0);
  const end = row + bytes;
  for (let to = row; to < end; to += 16) {
    const value = v128.load(to);
    v128.store(to, relu ? f32x4.max(value, zero) : tanh(value));
  }
}

/** Slots of `rnnBackward`. */
@unmanaged
class RnnBackward extends Sequence {
  /** Each may be 0: that output was not used. */
  outputGradient: usize;
  hNGradient: usize;
  output: usize;
  /** Panels of W_hh */
  packedHh: usize;
  relu: i32;
  /** [rows, gateStride]: receives the gradients before the activation */
  gates: usize;
  /** Receives the gradient; 0: not wanted */
  h0Gradient: usize;
  /** For each part: dh [rows of the part, H padded], a row of H padded */
  scratch: usize;
  scratchStride: i32;
}

/** The sweep of a part from the last step to the first. */
export function rnnBackward(args: usize, part: i32, parts: i32): void {
  const q = changetype<RnnBackward>(args);
  const rows = (q.batch - part + parts - 1) / parts;
  const outside = q.outside != 0;
  const gateStride = (<usize>q.gateStride) << 2;
  const stride = (<usize>q.hiddenPadded) << 2;
  const dh = q.scratch + <usize>part * <usize>q.scratchStride;
  const h = dh + <usize>rows * stride;
  loadState(q, q.hNGradient, q.hiddenSize, dh, q.hiddenPadded, part, parts);
  memory.fill(h, 0, stride);

  for (let s = q.longest - 1; s >= 0; s--) {
    const count = countActive(q, s, part, parts);
    if (count == 0) continue;
    for (let i = 0; i < count; i++) {
      const row = packedRow(q, s, i, part, parts);
      const gradient = dh + <usize>i * stride;
      if (q.outputGradient != 0) addRow(gradient, sourceRow(q, q.outputGradient, row, q.hiddenSize), q.hiddenSize);
      copyRow(h, sourceRow(q, q.output, row, q.hiddenSize), q.hiddenSize);
      activationGradient(h, gradient, q.gates + <usize>row * gateStride, stride, q.relu != 0);
    }
    if (s == 0 && q.h0Gradient == 0) break;
    const first = q.gates + <usize>packedRow(q, s, 0, part, parts) * gateStride;
    product(
      outside,
      first,
      gateStride * <usize>parts,
      count,
      q.packedHh,
      q.hiddenPadded >> 3,
      q.hiddenPadded,
      0,
      0,
      dh,
      stride,
    );
  }
  if (q.h0Gradient != 0) storeState(q, dh, q.hiddenPadded, q.h0Gradient, q.hiddenSize, part, parts);
}

/** dh∘(1 − h²) of tanh; of relu dh where h > 0, else 0. */
// @ts-ignore: decorator
@inline
function activationGradient(h: usize, dh: usize, to: usize, bytes: usize, relu: bool): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let u: usize = 0; u < bytes; u += 16) {
    const value = v128.load(h + u);
    const gradient = flushTiny(v128.load(dh + u));
    v128.store(
      to + u,
      relu ? v128.and(gradient, f32x4.gt(value, zero)) : f32x4.mul(gradient, f32x4.sub(one, f32x4.mul(value, value))),
    );
  }
}
