import { ArgumentError } from '@timestep/core';
import { requireFactor, requireSteps, type Json, type Schedule } from './schedule.ts';

export interface PlateauOptions {
  /** What the rate is multiplied by when the metric stands still; 0.1 by default. */
  readonly factor?: number;
  /** Validations without improvement that are put up with; 10 by default. */
  readonly patience?: number;
  /** Whether a smaller or a larger metric is better; `min` by default. */
  readonly mode?: 'min' | 'max';
  /** How much better counts as better; 1e-4 by default. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best metric or an amount; `relative` by default. */
  readonly thresholdMode?: 'relative' | 'absolute';
  /** Validations after a reduction that are not counted; 0 by default. */
  readonly cooldown?: number;
  /** The rate never falls below this share of the optimiser's own; 0 by default. */
  readonly floor?: number;
}

/** Lowers the rate where a metric has stopped improving, as `torch.optim.lr_scheduler.ReduceLROnPlateau`. */
export function plateau(options: PlateauOptions = {}): Schedule {
  const {
    factor = 0.1,
    patience = 10,
    mode = 'min',
    threshold = 1e-4,
    thresholdMode = 'relative',
    cooldown = 0,
    floor = 0,
  } = options;
  requireFactor('plateau', 'factor', factor);
  requireFactor('plateau', 'floor', floor);
  requireSteps('plateau', 'patience', patience, 0);
  requireSteps('plateau', 'cooldown', cooldown, 0);
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
        scale = Math.max(scale * factor, floor);
        cooling = cooldown;
        bad = 0;
      }
    },
    state: () => ({ scale, best, bad, cooling }),
    restore(state: Json) {
      if (!isPlateauState(state))
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

function isPlateauState(state: unknown): state is PlateauState {
  if (typeof state !== 'object' || state === null) return false;
  const { scale, best, bad, cooling } = state as Partial<Record<keyof PlateauState, unknown>>;
  return (
    [scale, bad, cooling].every((value) => typeof value === 'number') && (best === null || typeof best === 'number')
  );
}
