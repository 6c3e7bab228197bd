import { checkOptions, is, type OptionRules } from '@timestep/core';
import type { Schedule } from './schedule.ts';

/**
 * A schedule that keeps the optimizer's learning rate.
 *
 * @example
 * ```ts
 * const trainer = new Trainer({ model, loss, optimizer, data, schedule: constantRate() });
 * ```
 */
export function constantRate(): Schedule {
  return { factor: () => 1 };
}

/** Options of {@link stepDecay}. */
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
 * Multiplies the learning rate by γ every `every` updates: γ^⌊step/every⌋, as `torch.optim.lr_scheduler.StepLR`.
 *
 * @throws ArgumentError for unknown or bad options
 * @example
 * ```ts
 * const schedule = stepDecay({ every: 1000, gamma: 0.5 });
 * ```
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  checkOptions('stepDecay', options, stepDecayRules);
  const { every, gamma = 0.1 } = options;
  return { factor: (step) => gamma ** Math.floor(step / every) };
}

/** Options of {@link cosine}. */
export interface CosineOptions {
  /** Updates until the floor is reached, including the warm-up. */
  readonly steps: number;
  /** Updates over which the rate rises linearly from almost 0; 0 by default. */
  readonly warmup?: number | undefined;
  /** The final factor; 0 by default. */
  readonly floor?: number | undefined;
}

const cosineRules: OptionRules<CosineOptions> = {
  steps: is.size(),
  warmup: is.optional(is.size(0)),
  floor: is.optional(is.number({ min: 0, max: 1 })),
};

/**
 * Cosine annealing from 1 to the floor (Loshchilov and Hutter 2017), after a linear warm-up (t + 1)/warmup:
 * floor + (1 − floor)·(1 + cos(π·t/T))/2. As `torch.optim.lr_scheduler.CosineAnnealingLR`, except that it stays at the
 * floor.
 *
 * @throws ArgumentError for unknown or bad options
 * @example
 * ```ts
 * const schedule = cosine({ steps: 2000, warmup: 100 });
 * ```
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

/** Options of {@link oneCycle}. */
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
 * The one-cycle policy (Smith and Topin 2019): the rate rises to the optimizer's learning rate, then falls below its
 * initial value. As `torch.optim.lr_scheduler.OneCycleLR` with `cycle_momentum=False` and the optimizer's rate as
 * `max_lr`. It keeps the final factor after the last step. The rise takes rise·steps − 1 updates; if that is 0 or less,
 * the first update uses the full rate.
 *
 * @throws ArgumentError for unknown or bad options
 * @example
 * ```ts
 * const schedule = oneCycle({ steps: 2000, rise: 0.2 });
 * ```
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
