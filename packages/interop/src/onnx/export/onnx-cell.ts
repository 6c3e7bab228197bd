import type { OnnxGraph, OnnxValue } from './graph.ts';

/** The results of one step. */
export interface OnnxCellStep {
  /** `[N, P]` */
  readonly output: OnnxValue;
  /** Each part `[N, …]` */
  readonly state: Readonly<Record<string, OnnxValue>>;
}

/** The equations of a cell as ONNX operators. */
export interface OnnxCell {
  /** Computes the part that depends only on the input, for all steps at once: x `[…, D]` → values `[…, …]`. */
  prepare(graph: OnnxGraph, x: OnnxValue): readonly OnnxValue[];
  /** Computes one step from its prepared values, `[N, …]` each, and the state before. */
  step(graph: OnnxGraph, prepared: readonly OnnxValue[], state: OnnxCellStep['state']): OnnxCellStep;
}

/** Your own cell with a method that exports its step. */
export interface OnnxExportableCell {
  /** Adds `step(x, state)` to a graph: x `[N, D]`, each part of the state `[N, …]`. */
  onnx(graph: OnnxGraph, x: OnnxValue, state: OnnxCellStep['state']): OnnxCellStep;
}
