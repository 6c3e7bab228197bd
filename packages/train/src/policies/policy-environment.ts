import type { Generator } from '@timestep/core';

/**
 * An environment for a policy: a task that answers actions with observations and rewards, one episode after another.
 * The environments of `@timestep/datasets` fit.
 */
export interface PolicyEnvironment {
  /** D */
  readonly observationSize: number;
  /** One of `count` things, or `size` numbers in [low, high]. */
  readonly actions:
    | { readonly kind: 'discrete'; readonly count: number }
    | { readonly kind: 'continuous'; readonly size: number; readonly low: number; readonly high: number };
  /** Begins an episode and returns its first observation, `[D]`. */
  reset(random: Generator): Float32Array;
  step(action: Float32Array): { readonly observation: Float32Array; readonly reward: number; readonly done: boolean };
}
