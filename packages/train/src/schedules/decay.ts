import { checkOptions, is, type OptionRules } from '@timestep/core';
import type { Schedule } from './schedule.ts';

/** Always the optimiser's own learning rate. */
export function constantRate(): Schedule {
  return { factor: () => 1 };
}

export interface StepDecayOptions {
  /** Updates between two changes. */
  readonly every: number;
  /** γ: below 1 the rate falls, above 1 it grows; 0.1 by default. */
  readonly gamma?: number | undefined;
}

const stepDecayRules: OptionRules<StepDecayOptions> = {
  every: is.size(),
  gamma: is.optional(is.number({ min: 0 })),
};

/**
 * γ^⌊step/every⌋, as `torch.optim.lr_scheduler.StepLR`.
 *
 * @throws ArgumentError for unknown or bad options
 * @example
 * const schedule = stepDecay({ every: 1000, gamma: 0.5 });
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  checkOptions('stepDecay', options, stepDecayRules);
  const { every, gamma = 0.1 } = options;
  return { factor: (step) => gamma ** Math.floor(step / every) };
}

export interface CosineOptions {
  /** Updates until the floor is reached, the warm-up included. */
  readonly steps: number;
  /** Updates over which the rate rises in a line from almost 0; 0 by default. */
  readonly warmup?: number | undefined;
  /** Where the curve ends and stays; 0 by default. */
  readonly floor?: number | undefined;
}

const cosineRules: OptionRules<CosineOptions> = {
  steps: is.size(),
  warmup: is.optional(is.size(0)),
  floor: is.optional(is.number({ min: 0, max: 1 })),
};

/**
 * Half a cosine from 1 to the floor (Loshchilov and Hutter 2017): floor + (1 − floor)·(1 + cos(π·t/T))/2, as
 * `CosineAnnealingLR` but that it stays at the floor, after a linear warm-up (t + 1)/warmup.
 *
 * @throws ArgumentError for unknown or bad options
 * @example
 * const schedule = cosine({ steps: 2000, warmup: 100 });
 */
export function cosine(options: CosineOptions): Schedule {
  checkOptions('cosine', options, cosineRules);
  const { steps, warmup = 0, floor = 0 } = options;
  const length = Math.max(1, steps - warmup);
  return {
    factor(step) {
      if (step < warmup) return (step + 1) / warmup;
      const done = Math.min(1, (step - warmup) / length);
      return floor + ((1 - floor) * (1 + Math.cos(Math.PI * done))) / 2;
    },
  };
}

export interface OneCycleOptions {
  /** Updates of the whole cycle. */
  readonly steps: number;
  /** The share of them in which the rate rises; 0.3 by default. */
  readonly rise?: number | undefined;
  /** The factor it starts from; 1/25 by default. */
  readonly start?: number | undefined;
  /** The factor it ends with; 1/250,000 by default. */
  readonly end?: number | undefined;
  /** `cosine` by default. */
  readonly shape?: 'cosine' | 'linear' | undefined;
}

const share = is.optional(is.number({ min: 0, max: 1 }));

const oneCycleRules: OptionRules<OneCycleOptions> = {
  steps: is.size(2),
  rise: share,
  start: share,
  end: share,
  shape: is.optional(is.oneOf('cosine', 'linear')),
};

/**
 * Up to the optimiser's learning rate and down below where it started (Smith and Topin 2019), as `OneCycleLR` with
 * `max_lr` the optimiser's rate and `cycle_momentum=False`; past the last step it stays at the end.
 * The rise takes rise·steps − 1 updates; where that is 0 or less, the first update has the whole rate.
 *
 * @throws ArgumentError for unknown or bad options
 * @example
 * const schedule = oneCycle({ steps: 2000, rise: 0.2 });
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  checkOptions('oneCycle', options, oneCycleRules);
  const { steps, rise = 0.3, start = 1 / 25, end = 1 / 250_000, shape = 'cosine' } = options;
  const peak = rise * steps - 1;
  const last = steps - 1;
  const between = (from: number, to: number, share: number): number =>
    shape === 'linear' ? from + (to - from) * share : to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  return {
    factor(step) {
      const at = Math.min(step, last);
      if (at > peak) return between(1, end, (at - peak) / (last - peak));
      return peak > 0 ? between(start, 1, at / peak) : 1;
    },
  };
}
