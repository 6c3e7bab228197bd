import { sigmoid, tanh } from '../math';
import { product } from './product';
import { chunkEnd, projectInput } from './project';
import { copyRow } from './rows';
import { clearPastEnd, countActive, lengthAt, loadState, packedRow, Sequence, sourceRow, storeState } from './sequence';

/** Slots of `lstmForward`. Gate rows hold the blocks i, f, g, o. */
@unmanaged
class LstmForward extends Sequence {
  x: usize;
  h0: usize;
  c0: usize;
  output: usize;
  hN: usize;
  cN: usize;
  /** Panels of W_ihᵀ, W_hhᵀ and, where it projects, W_hrᵀ (else 0) */
  packedIh: usize;
  packedHh: usize;
  packedHr: usize;
  bias: usize;
  /** [3, H padded], or 0 */
  peephole: usize;
  /** f = 1 − i */
  coupled: i32;
  /** [rows, gateStride]: the gates after σ and tanh; 0 where no backward pass follows */
  gates: usize;
  /** [rows, H padded]: c, and o∘tanh(c) where it projects; 0 likewise */
  cells: usize;
  hiddens: usize;
  /** Rows of a chunk of the input product */
  chunkRows: i32;
  /**
   * For each part, `scratchStride` bytes apart: x [chunkRows, D], gates [chunkRows, gateStride], two of h [rows of the
   * part, P
   *  padded], c and o∘tanh(c) [rows of the part, H padded] */
  scratch: usize;
  scratchStride: i32;
}

/** The sweep of a part over all steps. */
export function lstmForward(args: usize, part: i32, parts: i32): void {
  const q = changetype<LstmForward>(args);
  const rows = (q.batch - part + parts - 1) / parts;
  const outside = q.outside != 0;
  const gateStride = (<usize>q.gateStride) << 2;
  const hiddenStride = (<usize>q.hiddenPadded) << 2;
  const outputStride = (<usize>q.outputPadded) << 2;
  const blocks = q.hiddenPadded >> 1;
  const gathered = q.scratch + <usize>part * <usize>q.scratchStride;
  const chunk = gathered + ((((<usize>(q.chunkRows * q.inputSize)) << 2) + 63) & ~63);
  const even = chunk + <usize>q.chunkRows * gateStride;
  const odd = even + <usize>rows * outputStride;
  const cell = odd + <usize>rows * outputStride;
  const hidden = cell + <usize>rows * hiddenStride;
  loadState(q, q.h0, q.outputSize, even, q.outputPadded, part, parts);
  loadState(q, 0, 0, odd, q.outputPadded, part, parts);
  loadState(q, q.c0, q.hiddenSize, cell, q.hiddenPadded, part, parts);

  let from = even;
  let to = odd;
  let s = 0;
  while (true) {
    const end = chunkEnd(q, s, q.chunkRows, part, parts);
    if (end == s) break;
    projectInput(q, s, end, part, parts, q.x, gathered, q.packedIh, blocks, q.bias, chunk);
    let gates = chunk;
    for (; s < end; s++) {
      const count = countActive(q, s, part, parts);
      product(
        outside,
        from,
        outputStride,
        count,
        q.packedHh,
        blocks,
        q.outputSize,
        gates,
        gateStride,
        gates,
        gateStride,
      );
      for (let i = 0; i < count; i++) {
        const row = packedRow(q, s, i, part, parts);
        const c = cell + <usize>i * hiddenStride;
        const m = q.packedHr != 0 ? hidden + <usize>i * hiddenStride : to + <usize>i * outputStride;
        lstmCell(q, gates + <usize>i * gateStride, q.gates != 0 ? q.gates + <usize>row * gateStride : 0, c, m);
        if (q.cells != 0) copyRow(q.cells + <usize>row * hiddenStride, c, q.hiddenPadded);
        if (q.hiddens != 0) copyRow(q.hiddens + <usize>row * hiddenStride, m, q.hiddenPadded);
      }
      if (q.packedHr != 0)
        product(
          outside,
          hidden,
          hiddenStride,
          count,
          q.packedHr,
          q.outputPadded >> 3,
          q.hiddenSize,
          0,
          0,
          to,
          outputStride,
        );
      for (let i = 0; i < count; i++) {
        copyRow(
          sourceRow(q, q.output, packedRow(q, s, i, part, parts), q.outputSize),
          to + <usize>i * outputStride,
          q.outputSize,
        );
      }
      gates += <usize>count * gateStride;
      const swap = from;
      from = to;
      to = swap;
    }
  }

  // The last state of a sequence of odd length stands in the odd buffer: a step writes only the rows it is active in.
  for (let i = 0; i < rows; i++) {
    const offset = <usize>i * outputStride;
    if ((lengthAt(q, part + i * parts) & 1) != 0) copyRow(even + offset, odd + offset, q.outputPadded);
  }
  storeState(q, even, q.outputPadded, q.hN, q.outputSize, part, parts);
  storeState(q, cell, q.hiddenPadded, q.cN, q.hiddenSize, part, parts);
  clearPastEnd(q, q.output, q.outputSize, part, parts);
}

/**
 * One row: gates before the activation → c in place, m = o∘tanh(c), and the activated gates in `saved` if that is not
 * 0.
 */
// @ts-ignore: decorator
@inline
function lstmCell(q: LstmForward, gates: usize, saved: usize, c: usize, m: usize): void {
  const block = (<usize>q.hiddenPadded) << 2;
  const peephole = q.peephole;
  const one = f32x4.splat(1);
  for (let u: usize = 0; u < block; u += 16) {
    const before = v128.load(c + u);
    let pi = gates + u;
    let i = v128.load(pi);
    let f = v128.load((pi += block));
    const g = tanh(v128.load((pi += block)));
    let o = v128.load((pi += block));
    if (peephole != 0) {
      i = f32x4.add(i, f32x4.mul(v128.load(peephole + u), before));
      f = f32x4.add(f, f32x4.mul(v128.load(peephole + block + u), before));
    }
    i = sigmoid(i);
    f = q.coupled != 0 ? f32x4.sub(one, i) : sigmoid(f);
    const after = f32x4.add(f32x4.mul(f, before), f32x4.mul(i, g));
    if (peephole != 0) o = f32x4.add(o, f32x4.mul(v128.load(peephole + 2 * block + u), after));
    o = sigmoid(o);
    v128.store(c + u, after);
    v128.store(m + u, f32x4.mul(o, tanh(after)));
    if (saved != 0) {
      let to = saved + u;
      v128.store(to, i);
      v128.store((to += block), f);
      v128.store((to += block), g);
      v128.store(to + block, o);
    }
  }
}
