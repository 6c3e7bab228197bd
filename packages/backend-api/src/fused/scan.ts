import type { DeviceBuffer } from '../memory.ts';
import type { FusedOp, MaybeBuffer } from './op.ts';

/**
 * The linear recurrence h_t = a_t∘h_{t−1} + b_t over `[steps, width]`, or h_t = a_t∘h_{t+1} + b_t with `reverse`. The
 * state before the first step (the last one in reverse) is `initial [width]`, or 0. The recurrence is associative, so a
 * backend may combine the steps in any grouping.
 */
export interface LinearScanSpec {
  readonly steps: number;
  readonly width: number;
  readonly reverse: boolean;
  readonly needsSaved: boolean;
}

/** Inputs of {@link LinearScanOp}: a and b `[steps, width]`, initial `[width]`. */
export interface LinearScanInputs {
  readonly a: DeviceBuffer;
  readonly b: DeviceBuffer;
  readonly initial: MaybeBuffer;
}

/** Gradients of {@link LinearScanInputs}, each of the shape of its input. */
export interface LinearScanInputGradients {
  readonly a: MaybeBuffer;
  readonly b: MaybeBuffer;
  readonly initial: MaybeBuffer;
}

/** A linear recurrence as a fused operation. */
export type LinearScanOp = FusedOp<
  LinearScanSpec,
  LinearScanInputs,
  { readonly h: DeviceBuffer },
  { readonly h: DeviceBuffer },
  LinearScanInputGradients
>;
