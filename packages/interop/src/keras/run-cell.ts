import { full, reshape, select, stack, unstack, zeros, type Tensor } from '@timestep/core';
import type { KerasCell } from './cells.ts';
import type { Value } from './value.ts';

/** The result of a recurrent layer: the outputs `[T, N, P]` in order of time, the last output, and the state. */
export interface CellRun {
  readonly output: Tensor;
  readonly last: Tensor;
  readonly state: readonly Tensor[];
}

export interface CellOptions {
  readonly state: readonly Tensor[] | null;
  /** From the last step to the first. */
  readonly goBackwards: boolean;
  /** Whether masked steps give 0. Otherwise they repeat the output before, like in Keras. */
  readonly zeroOutput: boolean;
}

/**
 * Runs a cell over a sequence. With known lengths, it uses a fused operation, and steps past a length give 0. With a mask
 * from the data, it runs step by step.
 */
export function runCell(cell: KerasCell, x: Value, { state, goBackwards, zeroOutput }: CellOptions): CellRun {
  const { mask } = x;
  if (cell.sequence && (mask === null || mask.lengths !== null)) {
    const made = cell.sequence(x.timeFirst, { state, lengths: mask?.lengths ?? null, reverse: goBackwards });
    return { output: made.output, last: made.state[cell.outputPart]!, state: made.state };
  }
  return stepByStep(cell, x, { state, goBackwards, zeroOutput });
}

function stepByStep(cell: KerasCell, x: Value, { state, goBackwards, zeroOutput }: CellOptions): CellRun {
  const input = x.timeFirst;
  const { backend } = input;
  const [steps, batch] = input.shape as [number, number];
  const nothing = () => zeros(backend, [batch, cell.outputSize]);
  const inputs = unstack(input);
  const masks = x.mask ? unstack(reshape(x.mask.tensor, [batch, steps, 1]), 1) : null;
  const order = Array.from({ length: steps }, (_, t) => (goBackwards ? steps - 1 - t : t));
  const outputs: Tensor[] = [];
  let current = state ?? cell.stateSizes.map((size) => zeros(backend, [batch, size]));
  let before = nothing();
  const none = full(backend, [], 0);
  for (const t of order) {
    const next = cell.step(inputs[t]!, current);
    const made = next[cell.outputPart]!;
    const counts = masks?.[t];
    if (counts) {
      current = next.map((part, k) => select(counts, part, current[k]!));
      const isZero = zeroOutput || x.mask!.lengths !== null;
      before = select(counts, made, isZero ? none : before);
    } else {
      current = next;
      before = made;
    }
    outputs[t] = before;
  }
  return {
    output: steps > 0 ? stack(outputs) : zeros(backend, [0, batch, cell.outputSize]),
    // Past a length the output is 0, but the last one read is wanted.
    last: x.mask?.lengths ? current[cell.outputPart]! : before,
    state: current,
  };
}
