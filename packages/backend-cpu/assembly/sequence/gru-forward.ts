import { sigmoid, tanh } from '../math';
import { product } from './product';
import { chunkEnd, projectInput } from './project';
import { copyRow } from './rows';
import { clearPastEnd, countActive, lengthAt, loadState, packedRow, Sequence, sourceRow, storeState } from './sequence';

/**
 * Slots of `gruForward`. Gate rows hold four blocks, n, r, z and a fourth: q = U_n h + b_hn where the reset comes after
 * the product, r∘h where it comes before. So x feeds the blocks 0…2, and h the blocks 1…3 (after): each side is one
 * product.
 */
@unmanaged
class GruForward extends Sequence {
  x: usize;
  h0: usize;
  output: usize;
  hN: usize;
  /**
   * Panels of W_ihᵀ by n, r, z, and of W_hhᵀ by r, z, n in one (after), or by r, z here and by n in `packedN` (before)
   */
  packedIh: usize;
  packedHh: usize;
  packedN: usize;
  /** Four blocks */
  bias: usize;
  resetAfter: i32;
  /** [rows, gateStride]: n, r, z and the fourth block; 0 where no backward pass follows */
  gates: usize;
  chunkRows: i32;
  /** For each part: x [chunkRows, D], gates [chunkRows, gateStride], two of h [rows of the part, P padded] */
  scratch: usize;
  scratchStride: i32;
}

/** The sweep of a part over all steps. */
export function gruForward(args: usize, part: i32, parts: i32): void {
  const q = changetype<GruForward>(args);
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
    projectInput(q, s, end, part, parts, q.x, gathered, q.packedIh, 3 * panels, q.bias, chunk);
    let gates = chunk;
    for (; s < end; s++) {
      const count = countActive(q, s, part, parts);
      const rz = gates + stride;
      const fourth = gates + 3 * stride;
      if (q.resetAfter != 0) {
        for (let i: usize = 0; i < <usize>count; i++)
          copyRow(fourth + i * gateStride, q.bias + 3 * stride, q.hiddenPadded);
        product(outside, from, stride, count, q.packedHh, 3 * panels, q.hiddenSize, rz, gateStride, rz, gateStride);
      } else {
        product(outside, from, stride, count, q.packedHh, 2 * panels, q.hiddenSize, rz, gateStride, rz, gateStride);
        for (let i: usize = 0; i < <usize>count; i++) resetHidden(rz + i * gateStride, from + i * stride, stride);
        product(
          outside,
          fourth,
          gateStride,
          count,
          q.packedN,
          panels,
          q.hiddenSize,
          gates,
          gateStride,
          gates,
          gateStride,
        );
      }
      for (let i = 0; i < count; i++) {
        const row = packedRow(q, s, i, part, parts);
        const offset = <usize>i * stride;
        const gateRow = gates + <usize>i * gateStride;
        gruCell(gateRow, from + offset, to + offset, stride, q.resetAfter != 0);
        if (q.gates != 0) copyRow(q.gates + <usize>row * gateStride, gateRow, q.hiddenPadded << 2);
        copyRow(sourceRow(q, q.output, row, q.hiddenSize), to + offset, q.hiddenSize);
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

/** r = σ(r), and r∘h into the fourth block. */
// @ts-ignore: decorator
@inline
function resetHidden(rz: usize, h: usize, block: usize): void {
  for (let u: usize = 0; u < block; u += 16) {
    const r = sigmoid(v128.load(rz + u));
    v128.store(rz + u, r);
    v128.store(rz + 2 * block + u, f32x4.mul(r, v128.load(h + u)));
  }
}

/** One row: the gates are activated in place, h' = n + z∘(h − n). */
// @ts-ignore: decorator
@inline
function gruCell(gates: usize, before: usize, after: usize, block: usize, resetAfter: bool): void {
  for (let u: usize = 0; u < block; u += 16) {
    const pn = gates + u;
    const pr = pn + block;
    const pz = pr + block;
    let n = v128.load(pn);
    if (resetAfter) {
      const r = sigmoid(v128.load(pr));
      v128.store(pr, r);
      n = f32x4.add(n, f32x4.mul(r, v128.load(pz + block)));
    }
    n = tanh(n);
    const z = sigmoid(v128.load(pz));
    v128.store(pn, n);
    v128.store(pz, z);
    v128.store(after + u, f32x4.add(n, f32x4.mul(z, f32x4.sub(v128.load(before + u), n))));
  }
}
