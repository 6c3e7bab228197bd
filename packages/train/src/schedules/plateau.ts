import { ArgumentError, checkOptions, is, type OptionRules } from '@timestep/core';
import { fits, orNull, record } from '../checkpoint/schema.ts';
import type { Json, Schedule } from './schedule.ts';

/** Options of {@link plateau}. */
export interface PlateauOptions {
  /** The factor on the rate when the metric stops improving; 0.1 by default. */
  readonly factor?: number | undefined;
  /** Validations without improvement before the rate falls; 10 by default. */
  readonly patience?: number | undefined;
  /** Whether a smaller or a larger metric is better; `min` by default. */
  readonly mode?: 'min' | 'max' | undefined;
  /** The smallest change that counts as an improvement; 1e-4 by default. */
  readonly threshold?: number | undefined;
  /** Whether the threshold is relative to the best metric; `relative` by default. */
  readonly thresholdMode?: 'relative' | 'absolute' | undefined;
  /** Validations after a reduction that are not counted; 0 by default. */
  readonly cooldown?: number | undefined;
  /** The smallest factor on the optimizer's rate; 0 by default. */
  readonly floor?: number | undefined;
  /**
   * A smaller reduction of the factor is ignored, as with PyTorch's `eps` at a rate of 1; 1e-8 by default.
   */
  readonly epsilon?: number | undefined;
}

const share = is.optional(is.number({ min: 0, max: 1 }));

const rules: OptionRules<PlateauOptions> = {
  factor: share,
  patience: is.optional(is.size(0)),
  mode: is.optional(is.oneOf('min', 'max')),
  threshold: is.optional(is.number({ min: 0 })),
  thresholdMode: is.optional(is.oneOf('relative', 'absolute')),
  cooldown: is.optional(is.size(0)),
  floor: share,
  epsilon: share,
};

/**
 * Lowers the rate when a metric stops improving, as `torch.optim.lr_scheduler.ReduceLROnPlateau`.
 *
 * @throws ArgumentError for unknown or bad options
 * @example
 * ```ts
 * const schedule = plateau({ patience: 3, factor: 0.5 });
 * ```
 */
export function plateau(options: PlateauOptions = {}): Schedule {
  checkOptions('plateau', options, rules);
  const {
    factor = 0.1,
    patience = 10,
    mode = 'min',
    threshold = 1e-4,
    thresholdMode = 'relative',
    cooldown = 0,
    floor = 0,
    epsilon = 1e-8,
  } = options;
  let scale = 1;
  let best: number | null = null;
  let bad = 0;
  let cooling = 0;
  const isBetter = (metric: number): boolean => {
    if (best === null) return !Number.isNaN(metric);
    const sign = mode === 'min' ? -1 : 1;
    return (
      sign * metric > sign * (thresholdMode === 'relative' ? best * (1 + sign * threshold) : best + sign * threshold)
    );
  };
  return {
    factor: () => scale,
    observe(metric) {
      if (isBetter(metric)) {
        best = metric;
        bad = 0;
      } else bad++;
      if (cooling > 0) {
        cooling--;
        bad = 0;
      }
      if (bad > patience) {
        const reduced = Math.max(scale * factor, floor);
        if (scale - reduced > epsilon) scale = reduced;
        cooling = cooldown;
        bad = 0;
      }
    },
    state: () => ({ scale, best, bad, cooling }),
    restore(state: Json) {
      if (!fits<PlateauState>(state, stateRule))
        throw new ArgumentError(`[plateau] expected { scale, best, bad, cooling }, got ${JSON.stringify(state)}`);
      ({ scale, best, bad, cooling } = state);
    },
  };
}

interface PlateauState {
  readonly scale: number;
  readonly best: number | null;
  readonly bad: number;
  readonly cooling: number;
}

const stateRule = record({
  scale: is.number({ min: 0, max: 1 }),
  best: orNull(is.number({ infinite: true })),
  bad: is.size(0),
  cooling: is.size(0),
});
