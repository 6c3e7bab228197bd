import { openScope, type Tensor } from '@timestep/core';
import type { Module } from '@timestep/layers';
import { Adam, clipGradientNorm, constantRate, type Schedule } from '@timestep/train';

export interface LearningOptions {
  readonly learningRate: number;
  /** The most steps to take. */
  readonly steps: number;
  /** Steps between two looks at `measure`; 100 by default. */
  readonly every?: number;
  /** How the learning rate changes; not at all by default. */
  readonly schedule?: Schedule;
  /** The largest norm of the gradient; 1 by default. */
  readonly clip?: number;
}

/**
 * Trains by Adam until `good` says that what `measure` gives will do, or the steps run out.
 *
 * @param loss of a fresh batch, a scalar
 * @param measure on data that are not trained on, without a tape
 * @returns the last measurement and the steps taken
 */
export async function learn<Measure>(
  model: Module,
  options: LearningOptions,
  loss: () => Tensor,
  measure: () => Promise<Measure>,
  good: (measured: Measure) => boolean,
): Promise<{ readonly measured: Measure; readonly steps: number }> {
  const optimizer = new Adam(model.namedParameters(), { learningRate: options.learningRate });
  const { schedule = constantRate() } = options;
  const { backend } = model.parameters()[0]!;
  const look = async (): Promise<Measure> => {
    using _scope = openScope(backend, { gradient: false });
    return await measure();
  };
  let measured = await look();
  for (let step = 1; step <= options.steps; step++) {
    {
      using _scope = openScope(backend);
      loss().backward();
      for (const group of optimizer.groups) group.learningRate = options.learningRate * schedule.factor(step - 1);
      optimizer.step(clipGradientNorm(optimizer.gradients, options.clip ?? 1).factor);
      optimizer.zeroGrad();
    }
    if (step % (options.every ?? 100) > 0) continue;
    measured = await look();
    if (good(measured)) return { measured, steps: step };
  }
  return { measured, steps: options.steps };
}
