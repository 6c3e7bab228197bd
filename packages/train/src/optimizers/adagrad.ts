import { add, affine, divide, is, sqrt, square, subtract, type OptionRules, type Tensor } from '@timestep/core';
import { baseRules, Optimizer, settingsOf, type BaseSettings, type OptimizerSlot } from './optimizer.ts';
import type { ParameterGroup, Parameters } from './parameters.ts';
import { replace } from './replace.ts';

/** Settings of {@link Adagrad}. */
export interface AdagradOptions extends BaseSettings {
  /** 0.01 by default. */
  readonly learningRate: number;
  /** The rate is divided by 1 + (t − 1)·this; 0 by default. */
  readonly learningRateDecay: number;
  /** What the sum of squares starts from; 0 by default. */
  readonly initialAccumulator: number;
  /** ε, 1e-10 by default. */
  readonly epsilon: number;
  /** λ, 0 by default. */
  readonly weightDecay: number;
}

const notNegative = is.number({ min: 0 });

const rules: OptionRules<AdagradOptions> = {
  ...baseRules,
  learningRateDecay: notNegative,
  initialAccumulator: notNegative,
  epsilon: notNegative,
  weightDecay: notNegative,
};

const defaults: AdagradOptions = {
  learningRate: 0.01,
  learningRateDecay: 0,
  initialAccumulator: 0,
  epsilon: 1e-10,
  weightDecay: 0,
  maximize: false,
};

/**
 * Adagrad (Duchi, Hazan and Singer 2011), as `torch.optim.Adagrad`: g += λp, s = s + g²,
 * p −= η/(1 + (t − 1)·decay) · g/(√s + ε).
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const optimizer = new Adagrad(model.namedParameters(), { learningRate: 0.05 });
 * ```
 */
export class Adagrad extends Optimizer<AdagradOptions> {
  constructor(
    parameters: Parameters | readonly ParameterGroup<AdagradOptions>[],
    options: Partial<AdagradOptions> = {},
  ) {
    super('Adagrad', parameters, settingsOf('Adagrad', defaults, options, rules), rules);
  }

  protected override memoryOf({ initialAccumulator }: AdagradOptions): Readonly<Record<string, number>> {
    return { squareSum: initialAccumulator };
  }

  protected override update(
    slots: readonly OptimizerSlot[],
    settings: AdagradOptions,
    step: number,
    factor: Tensor | null,
  ): void {
    const { learningRate, learningRateDecay, epsilon, weightDecay } = settings;
    const rate = learningRate / (1 + (step - 1) * learningRateDecay);
    for (const slot of slots) {
      const { parameter, memory } = slot;
      const squareSum = memory['squareSum']!;
      replace([parameter, squareSum], slot, { factor, weightDecay }, (g) => {
        const squares = add(squareSum, square(g));
        return [subtract(parameter, affine(divide(g, affine(sqrt(squares), 1, epsilon)), rate)), squares];
      });
    }
  }
}
