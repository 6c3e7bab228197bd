import { ArgumentError, checkOptions, is, type OptionRules } from '@timestep/core';
import { inEvalMode, type Module } from '@timestep/layers';
import { Turns } from '../trainer/turns.ts';
import type { EvolutionStrategy } from './evolution-strategy.ts';
import { parameterVector } from './parameter-vector.ts';

/** Options of {@link evolve}. */
export interface EvolveOptions<Model extends Module> {
  readonly model: Model;
  /** Made for `parameterVector(model).size` numbers. */
  readonly strategy: EvolutionStrategy;
  /**
   * Returns the fitness of the model with a candidate's parameters; larger is better. Use `generation` as a seed to
   * evaluate all candidates of a generation under the same conditions.
   */
  readonly fitness: (model: Model, generation: number) => number | Promise<number>;
  /** The total number of generations, including earlier ones. */
  readonly generations: number;
  /**
   * Called with the fitness of each generation's candidates, while the model holds the mean. Return `true`, or a
   * promise of it, to end the search.
   */
  readonly onGeneration?: ((fitness: Float64Array, generation: number) => unknown) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const rules: OptionRules<EvolveOptions<Module>> = {
  model: is.like('a model (a Module)', 'parameters', 'modules'),
  strategy: is.like('a strategy, such as cmaES(…)', 'ask', 'tell', 'mean'),
  fitness: is.function,
  generations: is.size(0),
  onGeneration: is.optional(is.function),
  signal: is.optional(is.like('an AbortSignal', 'aborted')),
};

/**
 * Trains a model with an evolution strategy, which needs only a fitness, no labels or gradients. At the end the model
 * holds the mean of the search, and every module is back in its earlier mode.
 *
 * @throws ArgumentError for unknown or bad options, and a strategy over another number of parameters
 * @example
 * ```ts
 * const strategy = cmaES(await parameterVector(policy).read(), { seed: 1 });
 * await evolve({ model: policy, strategy, generations: 50, fitness: async (policy, generation) => meanReturn(policy,
 * generation) });
 * ```
 */
export async function evolve<Model extends Module>(options: EvolveOptions<Model>): Promise<void> {
  checkOptions('evolve', options as unknown as EvolveOptions<Module>, rules);
  await inEvalMode(options.model, () => search(options));
}

async function search<Model extends Module>({
  model,
  strategy,
  fitness,
  generations,
  onGeneration,
  signal,
}: EvolveOptions<Model>): Promise<void> {
  const vector = parameterVector(model);
  if (strategy.mean.length !== vector.size)
    throw new ArgumentError(
      `[evolve] the strategy searches over ${strategy.mean.length} numbers, the model has ${vector.size}; start it from parameterVector(model).read()`,
    );
  const turns = new Turns();
  try {
    while (strategy.generation < generations && !signal?.aborted) {
      const candidates = strategy.ask();
      const values = new Float64Array(candidates.length);
      for (const [index, candidate] of candidates.entries()) {
        vector.write(candidate);
        values[index] = await fitness(model, strategy.generation);
        await turns.take(50);
        if (signal?.aborted) return;
      }
      strategy.tell(values);
      vector.write(strategy.mean);
      if ((await onGeneration?.(values, strategy.generation)) === true) return;
    }
  } finally {
    vector.write(strategy.mean);
  }
}
