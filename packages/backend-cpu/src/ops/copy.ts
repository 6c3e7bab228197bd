import type { StridedOperand } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { axisSlots, elementsOf, sortAndMergeAxes, splitRow, type Axis } from './layout.ts';

/** The time of one thread for an element, and for the start of a row, in nanoseconds. */
const elementNanoseconds = 0.25;
const rowNanoseconds = 5;

/** Below this many rows or columns a transpose by squares has nothing to offer over strided rows. */
const leastSquare = 4;

/**
 * The axis along which the input is contiguous, where the output is contiguous along the innermost one: a transpose.
 */
function transposedAxis(axes: readonly Axis[]): number {
  const inner = axes.at(-1);
  if (!inner || inner.strides[1] !== 1 || inner.size < leastSquare) return -1;
  return axes.findIndex(({ size, strides }, k) => k < axes.length - 1 && strides[0] === 1 && size >= leastSquare);
}

/** Contract: Backend.copy. */
export function copy(engine: Engine, input: StridedOperand, out: StridedOperand, shape: readonly number[]): void {
  const addresses = [engine.addressOf(input), engine.addressOf(out)];
  const total = elementsOf(shape);
  if (total === 0) return;
  const axes = sortAndMergeAxes(shape, [input.strides, out.strides]);
  const { row, outer } = splitRow(axes, 2);
  const [inputStride, outStride] = row.strides as [number, number];
  const parts = engine.partsFor(total * elementNanoseconds + (total / row.size) * rowNanoseconds);
  const transposed = inputStride >= 0 ? transposedAxis(axes) : -1;
  if (transposed >= 0 && inputStride !== 1) {
    const rows = axes[transposed]!;
    const batch = outer.filter((_, k) => k !== transposed);
    const matrices = total / (rows.size * row.size);
    engine.run('transposeMatrices', parts, [
      ...addresses,
      matrices,
      rows.size,
      row.size,
      inputStride,
      rows.strides[1]!,
      batch.length,
      ...axisSlots(batch),
    ]);
  } else if (outer.length === 0 && inputStride === 1 && outStride === 1) {
    engine.run('copyWords', parts, [...addresses, total]);
  } else {
    engine.run('copyStrided', parts, [
      ...addresses,
      total,
      row.size,
      inputStride,
      outStride,
      outer.length,
      ...axisSlots(outer),
    ]);
  }
}
