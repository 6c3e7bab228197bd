import { checkOptions, is, type OptionRules } from '@timestep/core';
import type { RandomSource } from '../random-source.ts';

/** What may be done: one of `count` things, or `size` numbers in [low, high]. */
export type ActionSpace =
  | { readonly kind: 'discrete'; readonly count: number }
  | { readonly kind: 'continuous'; readonly size: number; readonly low: number; readonly high: number };

/** What came of an action. */
export interface Transition {
  /** `[observationSize]` */
  readonly observation: Float32Array;
  readonly reward: number;
  /** The episode is over: nothing may be done before the next `reset`. */
  readonly done: boolean;
}

/** A task that answers actions with observations and rewards, one episode after another. */
export interface Environment {
  readonly observationSize: number;
  readonly actions: ActionSpace;
  /** An episode ends after so many steps at the latest. */
  readonly maxSteps: number;
  /** Begins an episode and returns its first observation. */
  reset(random: RandomSource): Float32Array;
  /**
   * @param action the index of a discrete action, or the numbers of a continuous one
   * @throws ArgumentError for an action out of the space, or where no episode is under way
   */
  step(action: ArrayLike<number>): Transition;
}

export interface EnvironmentOptions {
  /**
   * Whether velocities are observed; true by default. Without them the state is hidden: a single observation does not
   * tell where things are going, and only a policy with a memory can.
   */
  readonly velocities?: boolean | undefined;
  /** An episode's length at the most. */
  readonly maxSteps?: number | undefined;
}

const environmentRules: OptionRules<EnvironmentOptions> = {
  velocities: is.optional(is.boolean),
  maxSteps: is.optional(is.size()),
};

/** @throws ArgumentError for unknown options and values that do not fit */
export function checkEnvironment(where: string, options: EnvironmentOptions): void {
  checkOptions(where, options, environmentRules);
}
