import { ArgumentError, checkOptions, checkValue, is, type OptionRules, ShapeError } from '@timestep/core';
import { checkBatch, expectOneEach, valuesRule } from './batch.ts';
import type { PredictionMetric, Values } from './metric.ts';

/** The mean of a function of the error over everything that counts. */
abstract class MeanDifference implements PredictionMetric {
  readonly #name: string;
  #sum = 0;
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** What one error contributes; `index` is its position in the batch. */
  protected abstract error(difference: number, index: number): number;

  /** Checks the size of a batch. */
  protected checkSize(_size: number): void {}

  /**
   * Adds a batch.
   *
   * @param predictions numbers of any shape
   * @param targets numbers of the same shape
   * @param mask 1 where a target counts and 0 where it does not, one entry for each target or each row of targets;
   *   everything counts by default. What is masked may be NaN
   * @throws ArgumentError for something other than numbers; ShapeError for sizes that do not fit
   */
  update(predictions: Values, targets: Values, mask: Values | null = null): void {
    const batch = checkBatch(this.#name, predictions, targets, mask);
    expectOneEach(this.#name, batch, targets);
    this.checkSize(targets.length);
    let [sum, count] = [0, 0];
    for (let i = 0; i < targets.length; i++) {
      if (!batch.counts(i)) continue;
      const [predicted, target]: readonly unknown[] = [predictions[i], targets[i]];
      if (typeof predicted !== 'number' || typeof target !== 'number')
        throw new ArgumentError(
          `[${this.#name}] expected numbers, got ${String(typeof predicted === 'number' ? target : predicted)} at position ${i}`,
        );
      sum += this.error(predicted - target, i);
      count++;
    }
    this.#sum += sum;
    this.#count += count;
  }

  /** Returns the mean; NaN if nothing was counted. */
  compute(): number {
    return this.#sum / this.#count;
  }

  reset(): void {
    this.#sum = 0;
    this.#count = 0;
  }
}

/**
 * The mean absolute error, the mean of |ŷ − y|, in the unit of y.
 *
 * @example
 * ```ts
 * const mae = new MeanAbsoluteError();
 * mae.update([1, 2], [0, 4]);
 * mae.compute(); // 1.5
 * ```
 */
export class MeanAbsoluteError extends MeanDifference {
  constructor() {
    super('MeanAbsoluteError');
  }

  protected error(difference: number): number {
    return Math.abs(difference);
  }
}

/** Options of {@link MeanSquaredError}. */
export interface MeanSquaredErrorOptions {
  /** False for the root of the mean, in the unit of y (RMSE); true by default. */
  readonly squared?: boolean | undefined;
}

const squaredRules: OptionRules<MeanSquaredErrorOptions> = { squared: is.optional(is.boolean) };

/**
 * The mean squared error, the mean of (ŷ − y)², or its root.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const mse = new MeanSquaredError();
 * mse.update([1, 2], [0, 4]);
 * mse.compute(); // 2.5
 * ```
 */
export class MeanSquaredError extends MeanDifference {
  readonly #squared: boolean;

  constructor(options: MeanSquaredErrorOptions = {}) {
    super('MeanSquaredError');
    checkOptions('MeanSquaredError', options, squaredRules);
    this.#squared = options.squared ?? true;
  }

  protected error(difference: number): number {
    return difference ** 2;
  }

  /** Returns the mean or its root; NaN if nothing was counted. */
  override compute(): number {
    return this.#squared ? super.compute() : Math.sqrt(super.compute());
  }
}

/** Options of {@link MeanAbsoluteScaledError}. */
export interface MeanAbsoluteScaledErrorOptions {
  /** The series before the forecast, `[T]` or `[T, columns]`. */
  readonly training: Values;
  /** m: the steps of a season; 1 by default, for a series without seasons. */
  readonly season?: number | undefined;
  /** The number of series side by side, on the last axis; 1 by default. Each has its own scale. */
  readonly columns?: number | undefined;
}

const scaledRules: OptionRules<MeanAbsoluteScaledErrorOptions> = {
  training: valuesRule,
  season: is.optional(is.size()),
  columns: is.optional(is.size()),
};

/**
 * The mean absolute scaled error (Hyndman and Koehler 2006): the mean of |ŷ − y| / q, where q is the mean error of the
 * seasonal naive forecast within the training series, mean |y(t) − y(t − m)|. Below 1, a forecast is better than that.
 *
 * @throws ArgumentError for an unknown option, a wrong value, a series that is too short, and one that never changes
 * @example
 * ```ts
 * const mase = new MeanAbsoluteScaledError({ training: [1, 2, 4, 5] }); // q = 4/3
 * mase.update([6, 6], [6, 8]);
 * mase.compute(); // 0.75
 * ```
 */
export class MeanAbsoluteScaledError extends MeanDifference {
  readonly #scales: readonly number[];

  constructor(options: MeanAbsoluteScaledErrorOptions) {
    super('MeanAbsoluteScaledError');
    checkOptions('MeanAbsoluteScaledError', options, scaledRules);
    const { training, season = 1, columns = 1 } = options;
    checkValue('MeanAbsoluteScaledError', 'training', Array.from(training), is.arrayOf(is.number()));
    const steps = training.length / columns;
    if (!Number.isInteger(steps) || steps <= season)
      throw new ArgumentError(
        `[MeanAbsoluteScaledError] expected a training series of more than ${season} steps and ${columns} columns, got ${training.length} numbers`,
      );
    this.#scales = Array.from({ length: columns }, (_, column) => {
      let sum = 0;
      for (let t = season; t < steps; t++)
        sum += Math.abs(training[t * columns + column]! - training[(t - season) * columns + column]!);
      if (sum === 0)
        throw new ArgumentError(
          `[MeanAbsoluteScaledError] expected a training series that changes, got one that repeats itself after ${season} step${season === 1 ? '' : 's'} in column ${column}; its naive forecast has no error to compare with`,
        );
      return sum / (steps - season);
    });
  }

  protected override checkSize(size: number): void {
    if (size % this.#scales.length !== 0)
      throw new ShapeError(
        `[MeanAbsoluteScaledError] expected targets [steps, ${this.#scales.length}], got ${size} numbers`,
      );
  }

  protected error(difference: number, index: number): number {
    return Math.abs(difference) / this.#scales[index % this.#scales.length]!;
  }
}
