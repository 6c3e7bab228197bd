import type { Json } from '../schedules/schedule.ts';

/**
 * A search for the vector of the highest fitness, by asking for candidates and telling their fitness; no gradient is
 * needed. One generation is one `ask` and one `tell`.
 */
export interface EvolutionStrategy {
  /** Candidates of a generation. */
  readonly populationSize: number;
  /** Generations told. */
  readonly generation: number;
  /** The centre of the search: what it holds for best at this moment. */
  readonly mean: Float64Array;
  /** The candidates of the next generation; the same again until `tell`. */
  ask(): readonly Float64Array[];
  /**
   * @param fitness of each candidate in the order of `ask`, larger is better; NaN counts as the worst. Only their order
   *   matters
   * @throws ArgumentError where there are more or fewer than candidates
   */
  tell(fitness: ArrayLike<number>): void;
  /** Everything that a resumed search needs; plain JSON. */
  state(): Json;
  restore(state: Json): void;
}
