import { is, type OptionRules, type Tensor } from '@timestep/core';
import { adamStep } from '@timestep/core/extend';
import { amsgradStep } from './amsgrad.ts';
import { baseRules, Optimizer, settingsOf, type BaseSettings, type OptimizerSlot } from './optimizer.ts';
import type { ParameterGroup, Parameters } from './parameters.ts';

/** Settings of {@link Adam}. */
export interface AdamOptions extends BaseSettings {
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
  /** Divide by the largest v so far instead of the last (Reddi, Kale and Kumar 2018); false by default. */
  readonly amsgrad: boolean;
}

const rules: OptionRules<AdamOptions> = {
  ...baseRules,
  beta1: is.number({ min: 0, below: 1 }),
  beta2: is.number({ min: 0, below: 1 }),
  epsilon: is.number({ min: 0 }),
  weightDecay: is.number({ min: 0 }),
  amsgrad: is.boolean,
};

const defaults = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, amsgrad: false, maximize: false };

abstract class AdamBase extends Optimizer<AdamOptions> {
  protected abstract readonly decoupled: boolean;

  constructor(
    kind: string,
    parameters: Parameters | readonly ParameterGroup<AdamOptions>[],
    weightDecay: number,
    options: Partial<AdamOptions>,
  ) {
    super(kind, parameters, settingsOf(kind, { ...defaults, weightDecay }, options, rules), rules);
  }

  protected override memoryOf({ amsgrad }: AdamOptions): Readonly<Record<string, number>> {
    return { firstMoment: 0, secondMoment: 0, ...(amsgrad ? { largestSecondMoment: 0 } : {}) };
  }

  protected override update(
    slots: readonly OptimizerSlot[],
    settings: AdamOptions,
    step: number,
    factor: Tensor | null,
  ): void {
    const { decoupled } = this;
    if (settings.amsgrad) {
      for (const slot of slots) amsgradStep(slot, { ...settings, decoupled, step }, factor);
      return;
    }
    const adamSlots = slots.map(({ parameter, gradient, memory }) => ({
      parameter,
      gradient,
      firstMoment: memory['firstMoment']!,
      secondMoment: memory['secondMoment']!,
    }));
    const { learningRate, beta1, beta2, epsilon, weightDecay } = settings;
    adamStep(adamSlots, { learningRate, beta1, beta2, epsilon, weightDecay, decoupled, step }, factor);
  }
}

/**
 * Adam (Kingma and Ba 2015), as `torch.optim.Adam`: g += λp, m = β₁m + (1 − β₁)g, v = β₂v + (1 − β₂)g²,
 * p −= η·m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ).
 *
 * @throws ArgumentError for unknown or bad options and parameters
 * @example
 * ```ts
 * const optimizer = new Adam(model.namedParameters(), { learningRate: 3e-4 });
 * ```
 */
export class Adam extends AdamBase {
  protected readonly decoupled = false;

  constructor(parameters: Parameters | readonly ParameterGroup<AdamOptions>[], options: Partial<AdamOptions> = {}) {
    super('Adam', parameters, 0, options);
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), as `torch.optim.AdamW`: p −= ηλp, then Adam's step.
 *
 * @throws ArgumentError for unknown or bad options and parameters
 * @example
 * ```ts
 * const optimizer = new AdamW(model.namedParameters(), { learningRate: 3e-4, weightDecay: 0.05 });
 * ```
 */
export class AdamW extends AdamBase {
  protected readonly decoupled = true;

  constructor(parameters: Parameters | readonly ParameterGroup<AdamOptions>[], options: Partial<AdamOptions> = {}) {
    super('AdamW', parameters, 0.01, options);
  }
}
