import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { checkRoom } from '../checks.ts';
import { checkFeatures, type Features } from '../features.ts';

/** The options of `windows`. */
export interface WindowOptions {
  /** The number of steps that the model sees */
  readonly stepsIn: number;
  /** The number of following steps to forecast; 0 for windows without targets. 1 by default */
  readonly stepsOut?: number | undefined;
  /** The number of steps between the starts of two windows. 1 by default */
  readonly stride?: number | undefined;
  /** The indices of the features to forecast; all by default */
  readonly targets?: readonly number[] | undefined;
}

const optionRules: OptionRules<WindowOptions> = {
  stepsIn: is.integer(1, 2 ** 26),
  stepsOut: is.optional(is.integer(0, 2 ** 26)),
  stride: is.optional(is.size()),
  targets: is.optional(is.arrayOf(is.integer(0), 'an array of feature indices')),
};

/** The position of a window. */
export interface WindowPlace {
  /** The index of the series */
  readonly series: number;
  /** Its first step */
  readonly start: number;
}

/** Sliding windows over one or several series, which are copied one batch at a time. */
export interface Windows {
  /** The positions of all windows, in the order of series and time */
  readonly places: readonly WindowPlace[];
  /**
   * Copies windows to a batch.
   *
   * @param indices indices into `places`
   * @returns inputs `[stepsIn, N, D]` and targets `[stepsOut, N, K]`, time first
   * @throws ArgumentError for an index out of range
   */
  batch(indices: ArrayLike<number>): WindowBatch;
}

/** A batch of windows. */
export interface WindowBatch {
  readonly inputs: Float32Array;
  readonly inputShape: readonly [steps: number, batch: number, features: number];
  readonly targets: Float32Array;
  readonly targetShape: readonly [steps: number, batch: number, features: number];
}

/**
 * Makes sliding windows. Window w of a series of T steps has the inputs `w·stride … w·stride + stepsIn − 1` and, as
 * targets, the next `stepsOut` steps. A series has `⌊(T − stepsIn − stepsOut)/stride⌋ + 1` windows. A window never
 * crosses from one series to the next, and a series that is too short has no windows. Nothing is copied before `batch`
 * is called.
 *
 * @param series one series, or several with the same features
 * @throws ArgumentError for wrong options, for series that differ in D, and if no series is long enough
 * @example
 * const data = windows({ data: scaled, steps, size: 7 }, { stepsIn: 96, stepsOut: 24, targets: [6] });
 * const { inputs, inputShape } = data.batch([0, 1, 2]);    // [96, 3, 7]
 */
export function windows(series: Features | readonly Features[], options: WindowOptions): Windows {
  checkOptions('windows', options, optionRules);
  const all = Array.isArray(series) ? (series as readonly Features[]) : [series as Features];
  checkValue('windows', 'series.length', all.length, is.size());
  all.forEach((one, i) => checkFeatures('windows', one, `series[${i}]`));
  const { size } = all[0]!;
  const { stepsIn, stepsOut = 1, stride = 1, targets = Array.from({ length: size }, (_, d) => d) } = options;
  const other = all.findIndex((one) => one.size !== size);
  if (other >= 0)
    throw new ArgumentError(
      `[windows] expected series of ${size} features as the first has, got ${all[other]!.size} in series ${other}`,
    );
  const wrong = targets.find((feature) => feature >= size);
  if (wrong !== undefined)
    throw new ArgumentError(`[windows] expected targets of 0…${size - 1}, the features of the series, got ${wrong}`);
  const places = all.flatMap(({ steps }, i) => {
    const count = Math.max(0, Math.floor((steps - stepsIn - stepsOut) / stride) + 1);
    return Array.from({ length: count }, (_, w): WindowPlace => ({ series: i, start: w * stride }));
  });
  if (places.length === 0) {
    const longest = all.reduce((most, { steps }) => Math.max(most, steps), 0);
    throw new ArgumentError(
      `[windows] expected a series of at least stepsIn + stepsOut = ${stepsIn + stepsOut} steps, the longest has ${longest}`,
    );
  }
  const allFeatures = Array.from({ length: size }, (_, d) => d);
  return {
    places,
    batch(indices) {
      checkValue(
        'windows.batch',
        'indices',
        indices,
        is.arrayOf(is.integer(0, places.length - 1), 'an array of indices'),
      );
      const chosen = Array.from(indices, (index) => places[index]!);
      return {
        inputs: cut(all, chosen, 0, stepsIn, allFeatures),
        inputShape: [stepsIn, chosen.length, size],
        targets: cut(all, chosen, stepsIn, stepsOut, targets),
        targetShape: [stepsOut, chosen.length, targets.length],
      };
    },
  };
}

/** Copies `[steps, N, features]`, starting `offset` steps after the start of each window. */
function cut(
  all: readonly Features[],
  places: readonly WindowPlace[],
  offset: number,
  steps: number,
  features: readonly number[],
): Float32Array {
  checkRoom('windows.batch', steps * places.length * features.length);
  const out = new Float32Array(steps * places.length * features.length);
  let at = 0;
  for (let t = 0; t < steps; t++) {
    for (const { series, start } of places) {
      const { data, size } = all[series]!;
      for (const feature of features) out[at++] = data[(start + offset + t) * size + feature]!;
    }
  }
  return out;
}
