import type { Json } from '../schedules/schedule.ts';

/**
 * A search for the vector with the highest fitness, without gradients. `ask` returns candidates and `tell` takes their
 * fitness; one call of each is a generation.
 */
export interface EvolutionStrategy {
  /** Candidates of a generation. */
  readonly populationSize: number;
  /** The number of finished generations. */
  readonly generation: number;
  /** The mean of the search distribution, the current best guess. */
  readonly mean: Float64Array;
  /** Returns the candidates of the next generation; the same ones until `tell`. */
  ask(): readonly Float64Array[];
  /**
   * @param fitness of each candidate in the order of `ask`, larger is better; NaN counts as the worst. Only their order
   *   matters
   * @throws ArgumentError unless there is one number for each candidate
   */
  tell(fitness: ArrayLike<number>): void;
  /** Returns the state of the search as plain JSON. */
  state(): Json;
  restore(state: Json): void;
}
