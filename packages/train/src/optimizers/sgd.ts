import { ArgumentError, is, type OptionRules, type Tensor } from '@timestep/core';
import { sgdStep } from '@timestep/core/extend';
import { baseRules, Optimizer, settingsOf, type BaseSettings, type OptimizerSlot } from './optimizer.ts';
import type { ParameterGroup, Parameters } from './parameters.ts';

/** Settings of {@link SGD}. */
export interface SGDOptions extends BaseSettings {
  /** η, required. */
  readonly learningRate: number;
  /** μ, 0 by default. */
  readonly momentum: number;
  /** 0 by default. */
  readonly dampening: number;
  /** False by default. */
  readonly nesterov: boolean;
  /** λ, 0 by default. */
  readonly weightDecay: number;
}

const rules: OptionRules<SGDOptions> = {
  ...baseRules,
  momentum: is.number({ min: 0 }),
  dampening: is.number(),
  nesterov: is.boolean,
  weightDecay: is.number({ min: 0 }),
};

/**
 * Stochastic gradient descent, as `torch.optim.SGD`: g += λp, v = μv + (1 − dampening)g (g itself at first),
 * p −= ηv, or with Nesterov (Sutskever et al. 2013) p −= η(g + μv).
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const optimizer = new SGD(model.namedParameters(), { learningRate: 0.1, momentum: 0.9 });
 * ```
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(
    parameters: Parameters | readonly ParameterGroup<SGDOptions>[],
    options: { readonly learningRate: number } & Partial<SGDOptions>,
  ) {
    const defaults = { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, maximize: false };
    super('SGD', parameters, settingsOf<SGDOptions>('SGD', defaults, options, rules), rules);
  }

  protected override checkSettings({ momentum, dampening, nesterov }: SGDOptions): void {
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ArgumentError(
        `[SGD] nesterov needs a momentum and no dampening, got momentum ${momentum} and dampening ${dampening}`,
      );
    }
  }

  protected override memoryOf({ momentum }: SGDOptions): Readonly<Record<string, number>> {
    return momentum === 0 ? {} : { velocity: 0 };
  }

  protected override update(
    slots: readonly OptimizerSlot[],
    settings: SGDOptions,
    step: number,
    factor: Tensor | null,
  ): void {
    const sgdSlots = slots.map(({ parameter, gradient, memory }) => ({
      parameter,
      gradient,
      velocity: memory['velocity'] ?? null,
    }));
    const { learningRate, momentum, dampening, nesterov, weightDecay } = settings;
    sgdStep(sgdSlots, { learningRate, momentum, dampening, nesterov, weightDecay, first: step === 1 }, factor);
  }
}
