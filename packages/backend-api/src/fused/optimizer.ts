import type { DeviceBuffer } from '../memory.ts';
import type { Support } from './op.ts';

/**
 * The Euclidean norm over all elements of all gradients, and the factor that clips it, computed on the device:
 * `norm[0] = ‖g‖`, `factor[0] = min(1, maxNorm/(norm + 1e-6))`, or −1 if the norm is not finite. `maxNorm` = 0 turns
 * clipping off: the factor is 1 for a finite norm.
 */
export interface GlobalNormOp {
  supports(gradients: readonly DeviceBuffer[]): Support;
  run(gradients: readonly DeviceBuffer[], maxNorm: number, norm: DeviceBuffer, factor: DeviceBuffer): void;
}

/** A parameter, updated in place, and its gradient. */
export interface ParameterSlot {
  readonly parameter: DeviceBuffer;
  readonly gradient: DeviceBuffer;
}

/** A parameter with its gradient and Adam's moments, all of one length. */
export interface AdamSlot extends ParameterSlot {
  /** Running mean of the gradient */
  readonly firstMoment: DeviceBuffer;
  /** Running mean of its square */
  readonly secondMoment: DeviceBuffer;
}

/**
 * Settings of Adam (Kingma and Ba 2015), or of AdamW with `decoupled` (Loshchilov and Hutter 2019), as in PyTorch:
 * m = β₁m + (1 − β₁)g, v = β₂v + (1 − β₂)g², p −= lr/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + ε).
 */
export interface AdamSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly decoupled: boolean;
  /** t, from 1 */
  readonly step: number;
}

/** A parameter with its gradient and, with momentum, its velocity. */
export interface SgdSlot extends ParameterSlot {
  /** The momentum buffer, null without momentum */
  readonly velocity: DeviceBuffer | null;
}

/**
 * Settings of stochastic gradient descent: p −= lr·v with v = μv + (1 − dampening)g (v = g in the first step); with
 * Nesterov momentum p −= lr·(g + μv). As in PyTorch.
 */
export interface SgdSettings {
  readonly learningRate: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** True in the first step: the velocity is the gradient. */
  readonly first: boolean;
}

/**
 * One optimizer step over a list of parameters. Each gradient is first multiplied by `factor[0]` (null: by 1). A
 * negative factor leaves parameters and moments unchanged, so that a NaN never reaches the weights.
 */
export interface OptimizerOp<Slot, Settings> {
  supports(slots: readonly Slot[], settings: Settings): Support;
  run(slots: readonly Slot[], settings: Settings, factor: DeviceBuffer | null): void;
}

/** A step of Adam or AdamW as a fused operation. */
export type AdamStepOp = OptimizerOp<AdamSlot, AdamSettings>;
/** A step of stochastic gradient descent as a fused operation. */
export type SgdStepOp = OptimizerOp<SgdSlot, SgdSettings>;
