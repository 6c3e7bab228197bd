import { ArgumentError, sgdStep, type Tensor } from '@timestep/core';
import { Optimizer, requireRange, settingsOf, type Slot } from './optimizer.ts';
import type { ParameterGroup, Parameters } from './parameters.ts';

export interface SGDOptions {
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

/**
 * Stochastic gradient descent, as `torch.optim.SGD`: g += λp, v = μv + (1 − dampening)g (g itself at first),
 * p −= ηv, or with Nesterov (Sutskever et al. 2013) p −= η(g + μv).
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(
    parameters: Parameters | readonly ParameterGroup<SGDOptions>[],
    options: { readonly learningRate: number } & Partial<SGDOptions>,
  ) {
    super(
      'SGD',
      parameters,
      settingsOf('SGD', { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 }, options),
    );
  }

  protected override checkSettings({ momentum, dampening, nesterov, weightDecay }: SGDOptions): void {
    requireRange('SGD', 'momentum', momentum, 0);
    requireRange('SGD', 'weightDecay', weightDecay, 0);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ArgumentError(
        `[SGD] nesterov needs a momentum and no dampening, got momentum ${momentum} and dampening ${dampening}`,
      );
    }
  }

  protected override memoryOf({ momentum }: SGDOptions): Readonly<Record<string, number>> {
    return momentum === 0 ? {} : { velocity: 0 };
  }

  protected override update(slots: readonly Slot[], settings: SGDOptions, step: number, factor: Tensor | null): void {
    const sgdSlots = slots.map(({ parameter, gradient, memory }) => ({
      parameter,
      gradient,
      velocity: memory['velocity'] ?? null,
    }));
    sgdStep(sgdSlots, { ...settings, first: step === 1 }, factor);
  }
}
