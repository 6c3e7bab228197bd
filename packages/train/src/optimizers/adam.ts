import { adamStep, type Tensor } from '@timestep/core';
import { Optimizer, requireRange, settingsOf, type BaseSettings, type Slot } from './optimizer.ts';
import type { ParameterGroup, Parameters } from './parameters.ts';

export interface AdamOptions {
  /** 1e-3 by default. */
  readonly learningRate: number;
  /** β₁, of the mean of the gradient; 0.9 by default. */
  readonly beta1: number;
  /** β₂, of the mean of its square; 0.999 by default. */
  readonly beta2: number;
  /** ε, 1e-8 by default. */
  readonly epsilon: number;
  /** λ: 0 by default in Adam, 0.01 in AdamW. */
  readonly weightDecay: number;
}

const defaults = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

abstract class AdamBase extends Optimizer<AdamOptions & BaseSettings> {
  protected abstract readonly decoupled: boolean;

  protected override checkSettings(settings: AdamOptions): void {
    requireRange(this.kind, 'beta1', settings.beta1, 0, 1);
    requireRange(this.kind, 'beta2', settings.beta2, 0, 1);
    requireRange(this.kind, 'epsilon', settings.epsilon, 0);
    requireRange(this.kind, 'weightDecay', settings.weightDecay, 0);
  }

  protected override memoryOf(): Readonly<Record<string, number>> {
    return { firstMoment: 0, secondMoment: 0 };
  }

  protected override update(slots: readonly Slot[], settings: AdamOptions, step: number, factor: Tensor | null): void {
    const adamSlots = slots.map(({ parameter, gradient, memory }) => ({
      parameter,
      gradient,
      firstMoment: memory['firstMoment']!,
      secondMoment: memory['secondMoment']!,
    }));
    adamStep(adamSlots, { ...settings, decoupled: this.decoupled, step }, factor);
  }
}

/**
 * Adam (Kingma and Ba 2015), as `torch.optim.Adam`: g += λp, m = β₁m + (1 − β₁)g, v = β₂v + (1 − β₂)g²,
 * p −= η·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ).
 *
 * @example
 * const optimizer = new Adam(model.namedParameters(), { learningRate: 3e-4 });
 */
export class Adam extends AdamBase {
  protected readonly decoupled = false;

  constructor(parameters: Parameters | readonly ParameterGroup<AdamOptions>[], options: Partial<AdamOptions> = {}) {
    super('Adam', parameters, settingsOf('Adam', { ...defaults, weightDecay: 0 }, options));
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), as `torch.optim.AdamW`: p −= ηλp, then Adam's step.
 */
export class AdamW extends AdamBase {
  protected readonly decoupled = true;

  constructor(parameters: Parameters | readonly ParameterGroup<AdamOptions>[], options: Partial<AdamOptions> = {}) {
    super('AdamW', parameters, settingsOf('AdamW', { ...defaults, weightDecay: 0.01 }, options));
  }
}
