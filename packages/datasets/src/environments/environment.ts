import { checkOptions, is, type OptionRules } from '@timestep/core';
import type { RandomSource } from '../random-source.ts';

/** The possible actions: one of `count` discrete actions, or `size` numbers in [low, high]. */
export type ActionSpace =
  | { readonly kind: 'discrete'; readonly count: number }
  | { readonly kind: 'continuous'; readonly size: number; readonly low: number; readonly high: number };

/** The result of an action. */
export interface Transition {
  /** `[observationSize]` */
  readonly observation: Float32Array;
  readonly reward: number;
  /** True if the episode has ended; call `reset` before the next step. */
  readonly done: boolean;
}

/** A reinforcement learning task: it returns an observation and a reward for each action. */
export interface Environment {
  readonly observationSize: number;
  readonly actions: ActionSpace;
  /** The maximum number of steps in an episode. */
  readonly maxSteps: number;
  /** Starts an episode and returns its first observation. */
  reset(random: RandomSource): Float32Array;
  /**
   * @param action the index of a discrete action, or the numbers of a continuous one
   * @throws ArgumentError for an action outside the action space, and if no episode has been started
   */
  step(action: ArrayLike<number>): Transition;
}

/** The options of `cartPole` and `pendulum`. */
export interface EnvironmentOptions {
  /**
   * Whether velocities are observed; true by default. Without them, a single observation does not show in which
   * direction things move, so a policy needs a memory.
   */
  readonly velocities?: boolean | undefined;
  /** The maximum length of an episode. */
  readonly maxSteps?: number | undefined;
}

const environmentRules: OptionRules<EnvironmentOptions> = {
  velocities: is.optional(is.boolean),
  maxSteps: is.optional(is.size()),
};

/** @throws ArgumentError for unknown options and wrong values */
export function checkEnvironment(where: string, options: EnvironmentOptions): void {
  checkOptions(where, options, environmentRules);
}
