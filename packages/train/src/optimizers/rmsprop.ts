import { add, affine, divide, is, sqrt, square, subtract, type OptionRules, type Tensor } from '@timestep/core';
import { baseRules, Optimizer, settingsOf, type BaseSettings, type OptimizerSlot } from './optimizer.ts';
import type { ParameterGroup, Parameters } from './parameters.ts';
import { replace } from './replace.ts';

/** Settings of {@link RMSprop}. */
export interface RMSpropOptions extends BaseSettings {
  /** 0.01 by default. */
  readonly learningRate: number;
  /** α, of the mean of the squared gradient; 0.99 by default. */
  readonly alpha: number;
  /** ε, 1e-8 by default. */
  readonly epsilon: number;
  /** μ, 0 by default. */
  readonly momentum: number;
  /** Subtract the squared mean of the gradient, which makes it a variance; false by default. */
  readonly centered: boolean;
  /** λ, 0 by default. */
  readonly weightDecay: number;
}

const rules: OptionRules<RMSpropOptions> = {
  ...baseRules,
  alpha: is.number({ min: 0, below: 1 }),
  epsilon: is.number({ min: 0 }),
  momentum: is.number({ min: 0 }),
  centered: is.boolean,
  weightDecay: is.number({ min: 0 }),
};

const defaults: RMSpropOptions = {
  learningRate: 0.01,
  alpha: 0.99,
  epsilon: 1e-8,
  momentum: 0,
  centered: false,
  weightDecay: 0,
  maximize: false,
};

/**
 * RMSprop (Tieleman and Hinton 2012), as `torch.optim.RMSprop`: g += λp, s = αs + (1 − α)g², d = g/(√s + ε), or
 * centred (Graves 2013) d = g/(√(s − a²) + ε) with a = αa + (1 − α)g; p −= ηd, with momentum p −= ηv, v = μv + d.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const optimizer = new RMSprop(model.namedParameters(), { learningRate: 1e-3, momentum: 0.9 });
 * ```
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  constructor(
    parameters: Parameters | readonly ParameterGroup<RMSpropOptions>[],
    options: Partial<RMSpropOptions> = {},
  ) {
    super('RMSprop', parameters, settingsOf('RMSprop', defaults, options, rules), rules);
  }

  protected override memoryOf({ momentum, centered }: RMSpropOptions): Readonly<Record<string, number>> {
    return { squareAverage: 0, ...(centered ? { gradientAverage: 0 } : {}), ...(momentum > 0 ? { velocity: 0 } : {}) };
  }

  protected override update(
    slots: readonly OptimizerSlot[],
    settings: RMSpropOptions,
    _step: number,
    factor: Tensor | null,
  ): void {
    const { learningRate, alpha, epsilon, momentum, weightDecay } = settings;
    for (const slot of slots) {
      const { parameter, memory } = slot;
      const { squareAverage, gradientAverage, velocity } = memory;
      const targets = [parameter, squareAverage!, gradientAverage, velocity].filter((tensor) => tensor !== undefined);
      replace(targets, slot, { factor, weightDecay }, (g) => {
        const squares = add(affine(squareAverage!, alpha), affine(square(g), 1 - alpha));
        const average = gradientAverage && add(affine(gradientAverage, alpha), affine(g, 1 - alpha));
        const variance = average ? subtract(squares, square(average)) : squares;
        const direction = divide(g, affine(sqrt(variance), 1, epsilon));
        const speed = velocity && add(affine(velocity, momentum), direction);
        const next = subtract(parameter, affine(speed ?? direction, learningRate));
        return [next, squares, average, speed].filter((tensor) => tensor !== undefined);
      });
    }
  }
}
