import { requireFactor, requireSteps, type Schedule } from './schedule.ts';

/** Always the optimiser's own learning rate. */
export function constant(): Schedule {
  return { factor: () => 1 };
}

/** γ^⌊step/every⌋, as `torch.optim.lr_scheduler.StepLR`. */
export function stepDecay(options: { readonly every: number; readonly gamma?: number }): Schedule {
  const { every, gamma = 0.1 } = options;
  requireSteps('stepDecay', 'every', every);
  requireFactor('stepDecay', 'gamma', gamma);
  return { factor: (step) => gamma ** Math.floor(step / every) };
}

export interface CosineOptions {
  /** Updates until the floor is reached, the warm-up included. */
  readonly steps: number;
  /** Updates over which the rate rises in a line from almost 0; 0 by default. */
  readonly warmup?: number;
  /** Where the curve ends and stays; 0 by default. */
  readonly floor?: number;
}

/**
 * Half a cosine from 1 to the floor (Loshchilov and Hutter 2017): floor + (1 − floor)·(1 + cos(π·t/T))/2, as
 * `CosineAnnealingLR` but that it stays at the floor, after a linear warm-up (t + 1)/warmup.
 */
export function cosine(options: CosineOptions): Schedule {
  const { steps, warmup = 0, floor = 0 } = options;
  requireSteps('cosine', 'steps', steps);
  requireSteps('cosine', 'warmup', warmup, 0);
  requireFactor('cosine', 'floor', floor);
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
  readonly rise?: number;
  /** The factor it starts from; 1/25 by default. */
  readonly start?: number;
  /** The factor it ends with; 1/250,000 by default. */
  readonly end?: number;
  /** `cosine` by default. */
  readonly shape?: 'cosine' | 'linear';
}

/**
 * Up to the optimiser's learning rate and down below where it started (Smith and Topin 2019), as `OneCycleLR` with
 * `max_lr` the optimiser's rate and `cycle_momentum=False`; past the last step it stays at the end.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const { steps, rise = 0.3, start = 1 / 25, end = 1 / 250_000, shape = 'cosine' } = options;
  requireSteps('oneCycle', 'steps', steps, 2);
  for (const [name, value] of Object.entries({ rise, start, end })) requireFactor('oneCycle', name, value);
  const peak = rise * steps - 1;
  const last = steps - 1;
  const between = (from: number, to: number, share: number): number =>
    shape === 'linear' ? from + (to - from) * share : to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
  return {
    factor(step) {
      const at = Math.min(step, last);
      return at <= peak ? between(start, 1, at / peak) : between(1, end, (at - peak) / (last - peak));
    },
  };
}
