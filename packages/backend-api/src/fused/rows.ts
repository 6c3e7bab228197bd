import type { DeviceBuffer } from '../memory.ts';
import type { FusedOp, MaybeBuffer } from './op.ts';

/** y = x Wᵀ + b over the rows of x: x `[rows, inputSize]`, W `[outputSize, inputSize]`, b `[outputSize]` or null. */
export interface LinearSpec {
  readonly rows: number;
  readonly inputSize: number;
  readonly outputSize: number;
  readonly needsSaved: boolean;
}

/** Inputs of {@link LinearOp}; shapes as in {@link LinearSpec}. */
export interface LinearInputs {
  readonly x: DeviceBuffer;
  readonly weight: DeviceBuffer;
  readonly bias: MaybeBuffer;
}

/** Gradients of {@link LinearInputs}, each of the shape of its input. */
export interface LinearInputGradients {
  readonly x: MaybeBuffer;
  readonly weight: MaybeBuffer;
  readonly bias: MaybeBuffer;
}

/** A linear map as a fused operation. */
export type LinearOp = FusedOp<
  LinearSpec,
  LinearInputs,
  { readonly y: DeviceBuffer },
  { readonly y: DeviceBuffer },
  LinearInputGradients
>;

/** Softmax or log-softmax over the last axis of `[rows, classes]`; stable for any finite input. */
export interface SoftmaxSpec {
  readonly rows: number;
  readonly classes: number;
  readonly needsSaved: boolean;
}

/** Softmax or log-softmax as a fused operation. */
export type SoftmaxOp = FusedOp<
  SoftmaxSpec,
  { readonly x: DeviceBuffer },
  { readonly y: DeviceBuffer },
  { readonly y: DeviceBuffer },
  { readonly x: MaybeBuffer }
>;

/**
 * Cross-entropy of each row of logits `[rows, classes]` with a class index, i32 `[rows]`:
 * loss = −(1 − ε)·log p[target] − ε/C·Σ log p, and 0 if the target is `ignoreIndex`. A target that is neither a class
 * nor `ignoreIndex` is treated as in `Backend.gatherRows`: loss 0, gradient 0 and the error of `indexError`, in both
 * passes.
 */
export interface CrossEntropySpec {
  readonly rows: number;
  readonly classes: number;
  /** ε in [0, 1] */
  readonly labelSmoothing: number;
  /** Rows with this target have loss 0 and gradient 0. It may lie outside 0 … classes − 1. */
  readonly ignoreIndex: number;
  readonly needsSaved: boolean;
}

/** Cross-entropy as a fused operation. */
export type CrossEntropyOp = FusedOp<
  CrossEntropySpec,
  { readonly logits: DeviceBuffer; readonly targets: DeviceBuffer },
  /** `[rows]` */
  { readonly losses: DeviceBuffer },
  { readonly losses: DeviceBuffer },
  { readonly logits: MaybeBuffer }
>;

/**
 * y = (x − mean)/√(variance + ε)·weight + bias over the last axis of `[rows, columns]`, biased variance (Ba et al.
 * 2016).
 */
export interface LayerNormSpec {
  readonly rows: number;
  readonly columns: number;
  readonly epsilon: number;
  readonly needsSaved: boolean;
}

/** Layer normalisation as a fused operation. */
export type LayerNormOp = FusedOp<
  LayerNormSpec,
  { readonly x: DeviceBuffer; readonly weight: MaybeBuffer; readonly bias: MaybeBuffer },
  { readonly y: DeviceBuffer },
  { readonly y: DeviceBuffer },
  { readonly x: MaybeBuffer; readonly weight: MaybeBuffer; readonly bias: MaybeBuffer }
>;
