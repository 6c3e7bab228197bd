import type { OnnxGraph, OnnxValue } from './graph.ts';

/** One step's results. */
export interface OnnxCellStep {
  /** `[N, P]` */
  readonly output: OnnxValue;
  /** Each part `[N, …]` */
  readonly state: Readonly<Record<string, OnnxValue>>;
}

/** A cell's equations in ONNX's operators. */
export interface OnnxCell {
  /** What the input brings, made for all steps at once: x `[…, D]` → values `[…, …]`. */
  prepare(graph: OnnxGraph, x: OnnxValue): readonly OnnxValue[];
  /** One step from what was prepared for it, `[N, …]` each, and the state before. */
  step(graph: OnnxGraph, prepared: readonly OnnxValue[], state: OnnxCellStep['state']): OnnxCellStep;
}

/** A cell of one's own that says how its step is exported. */
export interface OnnxExportableCell {
  /** What `step(x, state)` computes: x `[N, D]`, each part of the state `[N, …]`. */
  onnx(graph: OnnxGraph, x: OnnxValue, state: OnnxCellStep['state']): OnnxCellStep;
}
