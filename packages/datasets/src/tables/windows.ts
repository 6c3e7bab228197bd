import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { checkRoom } from '../checks.ts';
import { checkFeatures, type Features } from '../features.ts';

export interface WindowOptions {
  /** Steps that the model sees */
  readonly stepsIn: number;
  /** Steps that follow and are to be forecast; 0 for windows without targets. 1 by default */
  readonly stepsOut?: number | undefined;
  /** Steps between the beginnings of two windows. 1 by default */
  readonly stride?: number | undefined;
  /** The features that are forecast, by index; all by default */
  readonly targets?: readonly number[] | undefined;
}

const optionRules: OptionRules<WindowOptions> = {
  stepsIn: is.integer(1, 2 ** 26),
  stepsOut: is.optional(is.integer(0, 2 ** 26)),
  stride: is.optional(is.size()),
  targets: is.optional(is.arrayOf(is.integer(0), 'an array of feature indices')),
};

/** Where a window lies. */
export interface WindowPlace {
  /** Which of the series */
  readonly series: number;
  /** Its first step */
  readonly start: number;
}

/** Sliding windows over one or several series, cut out batch by batch. */
export interface Windows {
  /** Of all windows, in the order of series and time */
  readonly places: readonly WindowPlace[];
  /**
   * @param indices of `places`
   * @returns inputs `[stepsIn, N, D]` and targets `[stepsOut, N, K]`, time first
   * @throws ArgumentError for an index that is none
   */
  batch(indices: ArrayLike<number>): WindowBatch;
}

export interface WindowBatch {
  readonly inputs: Float32Array;
  readonly inputShape: readonly [steps: number, batch: number, features: number];
  readonly targets: Float32Array;
  readonly targetShape: readonly [steps: number, batch: number, features: number];
}

/**
 * Sliding windows: window w of a series of T steps shows steps `w·stride … w·stride + stepsIn − 1` and asks for the
 * `stepsOut` steps behind them, `⌊(T − stepsIn − stepsOut)/stride⌋ + 1` of them. A window never reaches from one series
 * into the next; a series that is too short has none. Nothing is copied until a batch is made.
 *
 * @param series one, or several with the same features
 * @throws ArgumentError for wrong options, series that differ in D, and where no series is long enough
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

/** `[steps, N, features]` from `offset` steps behind each window's start on. */
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
