import type { DeviceBuffer } from '../memory.ts';
import type { Support } from './op.ts';

/**
 * The Euclidean norm over all elements of all gradients, and the factor that clips it, without a read-back:
 * `norm[0] = ‖g‖`, `factor[0] = min(1, maxNorm/(norm + 1e-6))`, and −1 where the norm is not finite. `maxNorm` = 0
 * does not clip: the factor is 1 for a finite norm.
 */
export interface GlobalNormOp {
  supports(gradients: readonly DeviceBuffer[]): Support;
  run(gradients: readonly DeviceBuffer[], maxNorm: number, norm: DeviceBuffer, factor: DeviceBuffer): void;
}

/** One parameter with its gradient; both updated or read in place. */
export interface ParameterSlot {
  readonly parameter: DeviceBuffer;
  readonly gradient: DeviceBuffer;
}

export interface AdamSlot extends ParameterSlot {
  /** Running mean of the gradient */
  readonly firstMoment: DeviceBuffer;
  /** Running mean of its square */
  readonly secondMoment: DeviceBuffer;
}

/**
 * Adam (Kingma and Ba 2015), AdamW where `decoupled` (Loshchilov and Hutter 2019), as PyTorch computes them:
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

export interface SgdSlot extends ParameterSlot {
  /** The momentum buffer, null without momentum */
  readonly velocity: DeviceBuffer | null;
}

/**
 * p −= lr·v with v = μv + (1 − dampening)g (g itself in the first step), Nesterov: p −= lr·(g + μv), as PyTorch
 * computes them.
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
 * One optimiser step over a list of parameters. Every gradient is multiplied by `factor[0]` first (null: by 1); a
 * negative factor leaves parameters and moments untouched, so that a NaN never reaches the weights.
 */
export interface OptimizerOp<Slot, Settings> {
  supports(slots: readonly Slot[], settings: Settings): Support;
  run(slots: readonly Slot[], settings: Settings, factor: DeviceBuffer | null): void;
}

export type AdamStepOp = OptimizerOp<AdamSlot, AdamSettings>;
export type SgdStepOp = OptimizerOp<SgdSlot, SgdSettings>;
