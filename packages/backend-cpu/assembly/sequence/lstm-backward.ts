import { tanh } from '../math';
import { flushTiny } from '../support/lanes';
import { product } from './product';
import { addRow, clearUnits, copyRow } from './rows';
import { countActive, loadState, packedRow, Sequence, sourceRow, storeState } from './sequence';

/** Slots of `lstmBackward`. */
@unmanaged
class LstmBackward extends Sequence {
  /** Each may be 0: that output was not used. */
  outputGradient: usize;
  hNGradient: usize;
  cNGradient: usize;
  c0: usize;
  /** Panels of W_hh and, where it projects, W_hr (else 0), to multiply from the right with */
  packedHh: usize;
  packedHr: usize;
  /** [3, H padded], or 0 */
  peephole: usize;
  coupled: i32;
  /** The saved gates; the gradients before the activations take their place. */
  gates: usize;
  cells: usize;
  /** [rows, P padded]: receives dh of each step where it projects, else 0 */
  projected: usize;
  /** Receive the gradients; 0: not wanted */
  h0Gradient: usize;
  c0Gradient: usize;
  /** For each part: dh [rows of the part, P padded]; dc, c0 and dm [rows of the part, H padded] */
  scratch: usize;
  scratchStride: i32;
}

/** The sweep of a part from the last step to the first. */
export function lstmBackward(args: usize, part: i32, parts: i32): void {
  const q = changetype<LstmBackward>(args);
  const rows = (q.batch - part + parts - 1) / parts;
  const outside = q.outside != 0;
  const gateStride = (<usize>q.gateStride) << 2;
  const hiddenStride = (<usize>q.hiddenPadded) << 2;
  const outputStride = (<usize>q.outputPadded) << 2;
  const dh = q.scratch + <usize>part * <usize>q.scratchStride;
  const dc = dh + <usize>rows * outputStride;
  const c0 = dc + <usize>rows * hiddenStride;
  const projecting = q.packedHr != 0;
  const dm = projecting ? c0 + <usize>rows * hiddenStride : dh;
  loadState(q, q.hNGradient, q.outputSize, dh, q.outputPadded, part, parts);
  loadState(q, q.cNGradient, q.hiddenSize, dc, q.hiddenPadded, part, parts);
  loadState(q, q.c0, q.hiddenSize, c0, q.hiddenPadded, part, parts);

  for (let s = q.longest - 1; s >= 0; s--) {
    const count = countActive(q, s, part, parts);
    if (count == 0) continue;
    for (let i = 0; i < count; i++) {
      const row = packedRow(q, s, i, part, parts);
      const to = dh + <usize>i * outputStride;
      if (q.outputGradient != 0) addRow(to, sourceRow(q, q.outputGradient, row, q.outputSize), q.outputSize);
      if (projecting) copyRow(q.projected + <usize>row * outputStride, to, q.outputPadded);
    }
    if (projecting)
      product(
        outside,
        dh,
        outputStride,
        count,
        q.packedHr,
        q.hiddenPadded >> 3,
        q.outputPadded,
        0,
        0,
        dm,
        hiddenStride,
      );
    for (let i = 0; i < count; i++) {
      const offset = <usize>i * hiddenStride;
      const row = packedRow(q, s, i, part, parts);
      const before = s > 0 ? q.cells + <usize>packedRow(q, s - 1, i, part, parts) * hiddenStride : c0 + offset;
      lstmCellBackward(
        q,
        q.gates + <usize>row * gateStride,
        before,
        q.cells + <usize>row * hiddenStride,
        dm + offset,
        dc + offset,
      );
      clearUnits(q.gates + <usize>row * gateStride, 4, q.hiddenSize, q.hiddenPadded);
    }
    if (s == 0 && q.h0Gradient == 0) break;
    const first = q.gates + <usize>packedRow(q, s, 0, part, parts) * gateStride;
    product(
      outside,
      first,
      gateStride * <usize>parts,
      count,
      q.packedHh,
      q.outputPadded >> 3,
      q.hiddenPadded << 2,
      0,
      0,
      dh,
      outputStride,
    );
  }
  if (q.h0Gradient != 0) storeState(q, dh, q.outputPadded, q.h0Gradient, q.outputSize, part, parts);
  if (q.c0Gradient != 0) storeState(q, dc, q.hiddenPadded, q.c0Gradient, q.hiddenSize, part, parts);
}

/**
 * One row: the gates become their gradients, dc moves one step back. tanh(c) is made anew: cheaper than a row of
 * memory.
 */
// @ts-ignore: decorator
@inline
function lstmCellBackward(q: LstmBackward, gates: usize, before: usize, after: usize, dm: usize, dc: usize): void {
  const block = (<usize>q.hiddenPadded) << 2;
  const peephole = q.peephole;
  const one = f32x4.splat(1);
  for (let u: usize = 0; u < block; u += 16) {
    const pi = gates + u;
    const pf = pi + block;
    const pg = pf + block;
    const po = pg + block;
    const i = v128.load(pi);
    const f = v128.load(pf);
    const g = v128.load(pg);
    const o = v128.load(po);
    const dmu = flushTiny(v128.load(dm + u));
    const cBefore = v128.load(before + u);
    const tc = tanh(v128.load(after + u));
    const dO = f32x4.mul(f32x4.mul(dmu, tc), f32x4.mul(o, f32x4.sub(one, o)));
    let dcu = f32x4.add(flushTiny(v128.load(dc + u)), f32x4.mul(f32x4.mul(dmu, o), f32x4.sub(one, f32x4.mul(tc, tc))));
    if (peephole != 0) dcu = f32x4.add(dcu, f32x4.mul(v128.load(peephole + 2 * block + u), dO));
    const slopeI = f32x4.mul(i, f32x4.sub(one, i));
    let dI: v128, dF: v128;
    if (q.coupled != 0) {
      dI = f32x4.mul(f32x4.mul(dcu, f32x4.sub(g, cBefore)), slopeI);
      dF = f32x4.splat(0);
    } else {
      dI = f32x4.mul(f32x4.mul(dcu, g), slopeI);
      dF = f32x4.mul(f32x4.mul(dcu, cBefore), f32x4.mul(f, f32x4.sub(one, f)));
    }
    v128.store(pi, dI);
    v128.store(pf, dF);
    v128.store(pg, f32x4.mul(f32x4.mul(dcu, i), f32x4.sub(one, f32x4.mul(g, g))));
    v128.store(po, dO);
    dcu = f32x4.mul(dcu, f);
    if (peephole != 0) {
      dcu = f32x4.add(dcu, f32x4.mul(v128.load(peephole + u), dI));
      dcu = f32x4.add(dcu, f32x4.mul(v128.load(peephole + block + u), dF));
    }
    v128.store(dc + u, dcu);
  }
}

/**
 * d p_i = Σ di∘c₋, d p_f = Σ df∘c₋, d p_o = Σ do∘c over all rows, after the sweep; parts split the units. Slots: a
 * `Sequence`, gates (the gradients), cells, c0 or 0, target [3, H padded].
 */
export function peepholeGradient(args: usize, part: i32, parts: i32): void {
  const q = changetype<Sequence>(args);
  const own = args + offsetof<Sequence>();
  const gates = <usize>load<u32>(own);
  const cells = <usize>load<u32>(own, 4);
  const c0 = <usize>load<u32>(own, 8);
  const target = <usize>load<u32>(own, 12);
  const block = (<usize>q.hiddenPadded) << 2;
  const gateStride = (<usize>q.gateStride) << 2;
  const vectors = q.hiddenPadded >> 2;
  const last = (<usize>((vectors * (part + 1)) / parts)) << 4;
  for (let u = (<usize>((vectors * part) / parts)) << 4; u < last; u += 16) {
    let i = f32x4.splat(0),
      f = i,
      o = i;
    for (let s = 0; s < q.longest; s++) {
      const count = load<i32>(q.active + ((<usize>s) << 2));
      const row = <usize>load<i32>(q.offsets + ((<usize>s) << 2));
      const rowBefore = s > 0 ? <usize>load<i32>(q.offsets + ((<usize>(s - 1)) << 2)) : 0;
      for (let position: usize = 0; position < <usize>count; position++) {
        const gradient = gates + (row + position) * gateStride + u;
        o = f32x4.add(o, f32x4.mul(v128.load(gradient + 3 * block), v128.load(cells + (row + position) * block + u)));
        let c = f32x4.splat(0);
        if (s > 0) c = v128.load(cells + (rowBefore + position) * block + u);
        else if (c0 != 0)
          c = v128.load(c0 + <usize>load<i32>(q.order + (position << 2)) * ((<usize>q.hiddenSize) << 2) + u);
        i = f32x4.add(i, f32x4.mul(v128.load(gradient), c));
        f = f32x4.add(f, f32x4.mul(v128.load(gradient + block), c));
      }
    }
    v128.store(target + u, i);
    v128.store(target + block + u, f);
    v128.store(target + 2 * block + u, o);
  }
}
