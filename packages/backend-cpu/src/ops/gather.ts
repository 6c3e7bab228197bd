import type { AxisSpec, DeviceBuffer } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { indexFault } from './index-fault.ts';

/** The time of one thread for an element that moves with its row, and for one that moves alone, in nanoseconds. */
const rowElementNanoseconds = 0.3;
const loneElementNanoseconds = 1.5;

/** Contract: Backend.gatherRows. */
export function gatherRows(
  engine: Engine,
  table: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  columns: number,
): void {
  const addresses = [engine.address(table), engine.address(index), engine.address(out)];
  if (out.length === 0) return;
  const rows = Math.floor(table.length / columns);
  engine.run('gatherRows32', engine.partsFor(out.length * rowElementNanoseconds), [
    ...addresses,
    index.length,
    columns,
    rows,
  ]);
  if (engine.takeFault()) throw indexFault(engine, 'gatherRows', index, rows);
}

/** Contract: Backend.scatterAddRows. */
export function scatterAddRows(
  engine: Engine,
  values: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  columns: number,
): void {
  const addresses = [engine.address(values), engine.address(index), engine.address(out)];
  if (values.length === 0) return;
  const kernel = values.dtype === 'f32' ? 'scatterAddRowsFloat' : 'scatterAddRowsInteger';
  const rows = Math.floor(out.length / columns);
  engine.run(kernel, engine.partsFor(values.length * rowElementNanoseconds), [
    ...addresses,
    index.length,
    columns,
    rows,
  ]);
  if (engine.takeFault()) throw indexFault(engine, 'scatterAddRows', index, rows);
}

/** Contract: Backend.gatherAxis. */
export function gatherAxis(
  engine: Engine,
  input: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  spec: AxisSpec,
): void {
  const { outer, length, inner, count } = spec;
  const addresses = [engine.address(input), engine.address(index), engine.address(out)];
  if (out.length === 0) return;
  engine.run('gatherAxis32', engine.partsFor(out.length * loneElementNanoseconds), [
    ...addresses,
    outer,
    length,
    inner,
    count,
  ]);
  if (engine.takeFault()) throw indexFault(engine, 'gatherAxis', index, length);
}

/** Contract: Backend.scatterAddAxis. */
export function scatterAddAxis(
  engine: Engine,
  values: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  spec: AxisSpec,
): void {
  const { outer, length, inner, count } = spec;
  const addresses = [engine.address(values), engine.address(index), engine.address(out)];
  if (values.length === 0) return;
  const kernel = values.dtype === 'f32' ? 'scatterAddAxisFloat' : 'scatterAddAxisInteger';
  const alongInner = outer < inner ? 1 : 0;
  engine.run(kernel, engine.partsFor(values.length * loneElementNanoseconds), [
    ...addresses,
    outer,
    length,
    inner,
    count,
    alongInner,
  ]);
  if (engine.takeFault()) throw indexFault(engine, 'scatterAddAxis', index, length);
}
