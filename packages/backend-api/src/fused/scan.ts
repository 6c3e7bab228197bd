import type { DeviceBuffer } from '../memory.ts';
import type { FusedOp, MaybeBuffer } from './op.ts';

/**
 * The linear recurrence h_t = a_t∘h_{t−1} + b_t, or h_t = a_t∘h_{t+1} + b_t where `reverse`, of `[steps, width]`, with
 * `initial [width]`, or 0, before the first step in the direction of travel. Over the steps in any order of joining:
 * the recurrence is associative.
 */
export interface LinearScanSpec {
  readonly steps: number;
  readonly width: number;
  readonly reverse: boolean;
  readonly needsSaved: boolean;
}

export interface LinearScanInputs {
  readonly a: DeviceBuffer;
  readonly b: DeviceBuffer;
  readonly initial: MaybeBuffer;
}

export interface LinearScanInputGradients {
  readonly a: MaybeBuffer;
  readonly b: MaybeBuffer;
  readonly initial: MaybeBuffer;
}

export type LinearScanOp = FusedOp<
  LinearScanSpec,
  LinearScanInputs,
  { readonly h: DeviceBuffer },
  { readonly h: DeviceBuffer },
  LinearScanInputGradients
>;
