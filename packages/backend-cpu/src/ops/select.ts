import type { DeviceBuffer, StridedOperand } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { axisSlots, elementsOf, mergeAxes, splitRow } from './layout.ts';

/** The time of one thread for an element, and for the start of a row, in nanoseconds. */
const elementNanoseconds = 0.4;
const rowNanoseconds = 6;

/** Contract: Backend.select. */
export function select(
  engine: Engine,
  condition: StridedOperand,
  a: StridedOperand,
  b: StridedOperand,
  out: DeviceBuffer,
  shape: readonly number[],
): void {
  const addresses = [engine.addressOf(condition), engine.addressOf(a), engine.addressOf(b), engine.address(out)];
  const total = elementsOf(shape);
  if (total === 0) return;
  const { row, outer } = splitRow(mergeAxes(shape, [condition.strides, a.strides, b.strides]), 3);
  const parts = engine.partsFor(total * elementNanoseconds + (total / row.size) * rowNanoseconds);
  engine.run('select32', parts, [...addresses, total, row.size, ...row.strides, outer.length, ...axisSlots(outer)]);
}
