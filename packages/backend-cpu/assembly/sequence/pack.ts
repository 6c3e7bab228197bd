import { partStart } from '../support/split';
import { clearRow, copyRow } from './rows';

// Weights are packed once per call of an op into panels that `product` streams: eight columns of the result, [k][8]. A
// weight has the rows of PyTorch, gate by gate; panels take the gates in the order of the gate rows ("blocks") that the
// sweep works on, each padded to a multiple of 8 units with zeros. For a product made outside the panels stand side by
// side, [k][8·panels].

/** Slots of one matrix to pack; `packPanels` takes any number of them. */
@unmanaged
class PackJob {
  /** [gates·H, K] */
  source: usize;
  target: usize;
  /** H, and padded */
  rows: i32;
  rowsPadded: i32;
  /** K */
  columns: i32;
  /** Blocks, and the gate of each: byte b for block b */
  blocks: i32;
  gates: i32;
  /**
   * 0: panels of Wᵀ (x·Wᵀ: a panel is 8 units, k runs over the columns). 1: of W (dG·W: k runs over the blocks' units).
   */
  plain: i32;
  /** The panels stand side by side. */
  outside: i32;
}

/** Bytes from one value of k to the next in a panel. */
// @ts-ignore: decorator
@inline
function rowStep(job: PackJob, panels: i32): usize {
  return job.outside != 0 ? (<usize>panels) << 5 : 32;
}

/** Where a panel of `depth` values of k begins. */
// @ts-ignore: decorator
@inline
function panelAt(job: PackJob, panel: i32, depth: i32): usize {
  return job.target + ((<usize>panel * (job.outside != 0 ? 1 : <usize>depth)) << 5);
}

/** Slots: the number of jobs, then the jobs. */
export function packPanels(args: usize, part: i32, parts: i32): void {
  const jobs = load<i32>(args);
  for (let i = 0; i < jobs; i++) {
    const job = changetype<PackJob>(args + 4 + <usize>i * offsetof<PackJob>());
    const panels = job.plain != 0 ? (job.columns + 7) / 8 : (job.blocks * job.rowsPadded) / 8;
    const end = partStart(panels, part + 1, parts, 1);
    for (let panel = partStart(panels, part, parts, 1); panel < end; panel++) {
      if (job.plain != 0) packPlain(job, panel, rowStep(job, panels));
      else packTransposed(job, panel, rowStep(job, panels));
    }
  }
}

// @ts-ignore: decorator
@inline
function gateOfBlock(gates: i32, block: i32): i32 {
  return (gates >>> (block << 3)) & 255;
}

function packTransposed(job: PackJob, panel: i32, step: usize): void {
  const stride = (<usize>job.columns) << 2;
  const unit = (panel << 3) % job.rowsPadded;
  const gate = gateOfBlock(job.gates, (panel << 3) / job.rowsPadded);
  let from = job.source + <usize>(gate * job.rows + unit) * stride;
  let to = panelAt(job, panel, job.columns);
  const live = min(8, job.rows - unit);
  if (live < 8) {
    for (let k: usize = 0; k < <usize>job.columns; k++) clearRow(to + k * step, 8);
    for (let r = 0; r < live; r++) {
      for (let k: usize = 0; k < <usize>job.columns; k++) store<f32>(to + k * step, load<f32>(from + (k << 2)));
      from += stride;
      to += 4;
    }
    return;
  }
  transposeFour(from, stride, job.columns, to, step);
  transposeFour(from + 4 * stride, stride, job.columns, to + 16, step);
}

/** Four rows of `columns` floats to four lanes of every eight. */
// @ts-ignore: decorator
@inline
function transposeFour(from: usize, stride: usize, columns: i32, to: usize, step: usize): void {
  let r0 = from,
    r1 = r0 + stride,
    r2 = r1 + stride,
    r3 = r2 + stride;
  let target = to;
  let left = columns;
  for (; left >= 4; left -= 4) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const c = v128.load(r2);
    const d = v128.load(r3);
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const ef = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const gh = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(target, i64x2.shuffle(ab, cd, 0, 2));
    v128.store((target += step), i64x2.shuffle(ab, cd, 1, 3));
    v128.store((target += step), i64x2.shuffle(ef, gh, 0, 2));
    v128.store((target += step), i64x2.shuffle(ef, gh, 1, 3));
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
    target += step;
  }
  for (; left > 0; left--) {
    store<f32>(target, load<f32>(r0));
    store<f32>(target, load<f32>(r1), 4);
    store<f32>(target, load<f32>(r2), 8);
    store<f32>(target, load<f32>(r3), 12);
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
    target += step;
  }
}

function packPlain(job: PackJob, panel: i32, step: usize): void {
  const stride = (<usize>job.columns) << 2;
  const column = panel << 3;
  const live = min(8, job.columns - column);
  let to = panelAt(job, panel, job.blocks * job.rowsPadded);
  for (let block = 0; block < job.blocks; block++) {
    let from = job.source + <usize>(gateOfBlock(job.gates, block) * job.rows) * stride + ((<usize>column) << 2);
    for (let r = 0; r < job.rows; r++) {
      if (live == 8) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        clearRow(to, 8);
        copyRow(to, from, live);
      }
      from += stride;
      to += step;
    }
    for (let r = job.rows; r < job.rowsPadded; r++) {
      clearRow(to, 8);
      to += step;
    }
  }
}

/**
 * The row that each packed row of gates starts from: the sum of the two biases, by block. Slots: target, H, H padded,
 * blocks, b_ih (or 0), b_hh (or 0), then the gate of each block in b_ih and in b_hh, a byte each; 255 takes none.
 */
export function packBias(args: usize, _part: i32, _parts: i32): void {
  let to = <usize>load<u32>(args);
  const hidden = load<i32>(args, 4);
  const padded = load<i32>(args, 8);
  const blocks = load<i32>(args, 12);
  clearRow(to, blocks * padded);
  for (let block = 0; block < blocks; block++) {
    for (let side: usize = 0; side < 2; side++) {
      const bias = <usize>load<u32>(args + (side << 2), 16);
      const gate = gateOfBlock(load<i32>(args + (side << 2), 24), block);
      if (bias == 0 || gate == 255) continue;
      const from = bias + ((<usize>(gate * hidden)) << 2);
      for (let u: usize = 0; u < (<usize>hidden) << 2; u += 4)
        store<f32>(to + u, load<f32>(to + u) + load<f32>(from + u));
    }
    to += (<usize>padded) << 2;
  }
}
