import { partStart } from '../support/split';
import { product } from './product';
import { copyRow } from './rows';
import { clearPastEnd, Sequence, sourceRow } from './sequence';

/** Slots of `inputGradient`. */
@unmanaged
class InputGradient extends Sequence {
  /** Gradients of the gate rows, at the first block that x feeds; `depth` floats of each row count */
  gates: usize;
  depth: i32;
  /** Panels of W_ih */
  packed: usize;
  /** [T, N, D] */
  target: usize;
  /** The packed rows are the target's own, and D needs no padding: no detour over the scratch memory. */
  direct: i32;
  chunkRows: i32;
  /** For each part: [chunkRows, D padded] */
  scratch: usize;
  scratchStride: i32;
}

/** dx = dG·W_ih over all packed rows, which the parts share out evenly. */
export function inputGradient(args: usize, part: i32, parts: i32): void {
  const q = changetype<InputGradient>(args);
  const gateStride = (<usize>q.gateStride) << 2;
  const panels = (q.inputSize + 7) >> 3;
  const width = (<usize>panels) << 5;
  const chunk = q.scratch + <usize>part * <usize>q.scratchStride;
  const total = load<i32>(q.offsets + ((<usize>q.longest) << 2));
  const end = partStart(total, part + 1, parts, 6);
  for (let row = partStart(total, part, parts, 6); row < end; row += q.chunkRows) {
    const count = min(q.chunkRows, end - row);
    const to = q.direct != 0 ? q.target + <usize>row * width : chunk;
    product(
      q.outside != 0,
      q.gates + <usize>row * gateStride,
      gateStride,
      count,
      q.packed,
      panels,
      q.depth,
      0,
      0,
      to,
      width,
    );
    if (q.direct != 0) continue;
    for (let i = 0; i < count; i++)
      copyRow(sourceRow(q, q.target, row + i, q.inputSize), chunk + <usize>i * width, q.inputSize);
  }
  clearPastEnd(q, q.target, q.inputSize, part, parts);
}

/**
 * The address of h before each packed row's step: h0's row (or a row of zeros) at the first step, else the output's row
 * of the step before. Slots: a `Sequence`, output, h0 or 0, zeros [P], target u32[number of packed rows].
 */
export function previousRows(args: usize, _part: i32, _parts: i32): void {
  const q = changetype<Sequence>(args);
  const own = args + offsetof<Sequence>();
  const output = <usize>load<u32>(own);
  const h0 = <usize>load<u32>(own, 4);
  const zeros = <usize>load<u32>(own, 8);
  let to = <usize>load<u32>(own, 12);
  for (let s = 0; s < q.longest; s++) {
    const count = load<i32>(q.active + ((<usize>s) << 2));
    const before = s > 0 ? load<i32>(q.offsets + ((<usize>(s - 1)) << 2)) : 0;
    for (let position = 0; position < count; position++) {
      let address = zeros;
      if (s > 0) address = sourceRow(q, output, before + position, q.outputSize);
      else if (h0 != 0)
        address = h0 + <usize>load<i32>(q.order + ((<usize>position) << 2)) * ((<usize>q.outputSize) << 2);
      store<u32>(to, <u32>address);
      to += 4;
    }
  }
}
