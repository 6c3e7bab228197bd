import type { State } from '@timestep/core';
import { Cell } from '@timestep/layers';
import { InteropError } from '../../errors.ts';
import { exportConvLSTMCell } from './cells/conv-lstm.ts';
import { exportFiniteImpulseCell, exportMinGRUCell, exportMinLSTMCell } from './cells/feed.ts';
import { exportGRUCell, exportLSTMCell, exportMGUCell, exportRNNCell } from './cells/gated.ts';
import { exportFullyRecurrentCell, exportIndRNNCell, exportJordanCell } from './cells/simple.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import type { OnnxCell, OnnxExportableCell } from './onnx-cell.ts';
import { axesOf, zeros } from './parts.ts';

const exporters = [
  exportRNNCell,
  exportLSTMCell,
  exportGRUCell,
  exportMGUCell,
  exportIndRNNCell,
  exportFullyRecurrentCell,
  exportJordanCell,
  exportMinGRUCell,
  exportMinLSTMCell,
  exportFiniteImpulseCell,
  exportConvLSTMCell,
] as const;

/** @throws InteropError `UNSUPPORTED_MODEL` for your own cell without a method `onnx` */
export function exportCell(cell: Cell<State>): OnnxCell {
  if ('onnx' in cell && typeof cell.onnx === 'function') {
    // A cell is generic in its state, but the type of the state does not affect the graph.
    const own = cell as unknown as OnnxExportableCell;
    return { prepare: (_, x) => [x], step: (graph, [x], state) => own.onnx(graph, x!, state) };
  }
  for (const make of exporters) {
    const made = make(cell);
    if (made) return made;
  }
  const name = cell.typeName;
  throw new InteropError(
    'UNSUPPORTED_MODEL',
    `[onnx] the cell ${name} cannot be exported, because a file cannot contain the TypeScript of its step; give the cell a method onnx(graph, x, state) that builds the same step and returns { output, state }`,
  );
}

/**
 * Returns the state before the first step: zeros.
 *
 * @param lead the length of the axis of sequences, `[1]`
 */
export function startOf(
  graph: OnnxGraph,
  cell: Cell<State>,
  x: OnnxValue,
  axis: number,
): Readonly<Record<string, OnnxValue>> {
  if (cell.initialState !== Cell.prototype.initialState) {
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      `[onnx] the cell ${cell.typeName} has a custom initial state; add an input for it to the graph and pass it as { state } to exportLayer`,
    );
  }
  const lead = axesOf(graph, x, axis, axis + 1);
  return Object.fromEntries(Object.entries(cell.stateShapes).map(([name, shape]) => [name, zeros(graph, lead, shape)]));
}
