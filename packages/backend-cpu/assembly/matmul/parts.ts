import { integer, pointer } from '../support/arguments';
import { partStart } from '../support/split';
import { gemm } from './gemm';

/**
 * A batch of products, cut into parts along the batch and the longer side of C. Slots: a, b, c, bias, scratch, scratch
 * bytes of a part, batch, m, n, k, then in elements: a's batch step, row step and step, b's, and mode.
 */
export function matmulParts(args: usize, part: i32, parts: i32): void {
  const batch = integer(args, 6);
  const m = integer(args, 7);
  const n = integer(args, 8);
  const k = integer(args, 9);
  const a = pointer(args, 0);
  const b = pointer(args, 1);
  const c = pointer(args, 2);
  const bias = pointer(args, 3);
  const scratch = pointer(args, 4) + pointer(args, 5) * <usize>part;
  const aBatchStep = pointer(args, 10) << 2;
  const aRowStep = pointer(args, 11) << 2;
  const aStep = pointer(args, 12) << 2;
  const bBatchStep = pointer(args, 13) << 2;
  const bRowStep = pointer(args, 14) << 2;
  const bStep = pointer(args, 15) << 2;
  const mode = integer(args, 16);
  const cStep = (<usize>n) << 2;

  const alongRows = m >= n;
  const side = alongRows ? m : n;
  const grain = alongRows ? 24 : 32;
  const pieces = (side + grain - 1) / grain;
  const last = partStart(batch * pieces, part + 1, parts, 1);
  let piece = partStart(batch * pieces, part, parts, 1);
  while (piece < last) {
    const entry = piece / pieces;
    const from = piece - entry * pieces;
    const to = min(pieces, from + last - piece);
    piece += to - from;
    const start = from * grain;
    const count = min(side, to * grain) - start;
    const entryA = a + <usize>entry * aBatchStep;
    const entryB = b + <usize>entry * bBatchStep;
    const entryC = c + <usize>entry * <usize>m * cStep;
    if (alongRows) {
      gemm(
        count,
        n,
        k,
        entryA + <usize>start * aRowStep,
        aRowStep,
        aStep,
        entryB,
        bRowStep,
        bStep,
        entryC + <usize>start * cStep,
        cStep,
        mode,
        bias,
        scratch,
      );
    } else {
      gemm(
        m,
        count,
        k,
        entryA,
        aRowStep,
        aStep,
        entryB + <usize>start * bStep,
        bRowStep,
        bStep,
        entryC + ((<usize>start) << 2),
        cStep,
        mode,
        bias == 0 ? 0 : bias + ((<usize>start) << 2),
        scratch,
      );
    }
  }
}
