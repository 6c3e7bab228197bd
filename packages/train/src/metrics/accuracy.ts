import { ArgumentError, checkOptions, is, type OptionRules } from '@timestep/core';
import { checkBatch, checkScore, defaultIgnoreIndex, ignoreIndexRule, labelledRows, predictedClass } from './batch.ts';
import type { PredictionMetric, Values } from './metric.ts';

/** Options of {@link Accuracy}. */
export interface AccuracyOptions {
  /** Targets with this value do not count; −100 by default. */
  readonly ignoreIndex?: number | undefined;
}

/** Options of {@link TopKAccuracy}. */
export interface TopKAccuracyOptions extends AccuracyOptions {
  /** A target counts as right if it is among the k classes with the highest scores. */
  readonly k: number;
}

const rules: OptionRules<AccuracyOptions> = { ignoreIndex: ignoreIndexRule };
const topKRules: OptionRules<TopKAccuracyOptions> = { ...rules, k: is.size() };

/**
 * The share of targets whose class was predicted: right / counted.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const accuracy = new Accuracy();
 * accuracy.update([0, 1, 2], [0, 1, 1]);                     // classes
 * accuracy.update([0.1, 0.9, 0.6, 0.4], [1, 0]);             // scores [2 targets, 2 classes]
 * accuracy.compute(); // 4 of 5: 0.8
 * ```
 */
export class Accuracy implements PredictionMetric {
  readonly #ignoreIndex: number;
  #right = 0;
  #count = 0;

  constructor(options: AccuracyOptions = {}) {
    checkOptions('Accuracy', options, rules);
    this.#ignoreIndex = options.ignoreIndex ?? defaultIgnoreIndex;
  }

  /**
   * Adds a batch.
   *
   * @param predictions classes `[…]`, or one score for each class `[…, C]`
   * @param targets classes `[…]`
   * @param mask 1 where a target counts and 0 where it does not; everything counts by default
   * @throws ArgumentError for a value that is not a class or a score; ShapeError for sizes that do not fit
   */
  update(predictions: Values, targets: Values, mask: Values | null = null): void {
    const batch = checkBatch('Accuracy', predictions, targets, mask);
    const rows = labelledRows('Accuracy', batch, targets, { ignoreIndex: this.#ignoreIndex, classes: null });
    const kind = { width: batch.width, classes: null };
    this.#right += rows.filter(({ target, at }) => predictedClass('Accuracy', predictions, at, kind) === target).length;
    this.#count += rows.length;
  }

  /** Returns a share in 0…1; NaN if nothing was counted. */
  compute(): number {
    return this.#right / this.#count;
  }

  reset(): void {
    this.#right = 0;
    this.#count = 0;
  }
}

/**
 * The share of targets that are among the k classes with the highest scores. Of classes with equal scores, the lower one
 * comes first.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const top2 = new TopKAccuracy({ k: 2 });
 * top2.update([0.5, 0.3, 0.2, 0.1, 0.2, 0.7], [1, 0]); // scores [2 targets, 3 classes]
 * top2.compute(); // 0.5
 * ```
 */
export class TopKAccuracy implements PredictionMetric {
  readonly #k: number;
  readonly #ignoreIndex: number;
  #right = 0;
  #count = 0;

  constructor(options: TopKAccuracyOptions) {
    checkOptions('TopKAccuracy', options, topKRules);
    this.#k = options.k;
    this.#ignoreIndex = options.ignoreIndex ?? defaultIgnoreIndex;
  }

  /**
   * Adds a batch.
   *
   * @param predictions one score for each class, `[…, C]` with C ≥ k
   * @param targets classes `[…]`
   * @param mask 1 where a target counts and 0 where it does not; everything counts by default
   * @throws ArgumentError for a value that is not a class or a score, and for fewer than k classes; ShapeError for sizes
   *   that do not fit
   */
  update(predictions: Values, targets: Values, mask: Values | null = null): void {
    const batch = checkBatch('TopKAccuracy', predictions, targets, mask);
    const { width } = batch;
    if (targets.length > 0 && width < Math.max(2, this.#k))
      throw new ArgumentError(
        `[TopKAccuracy] expected one score for each class and at least ${Math.max(2, this.#k)} classes, got ${width} number${width === 1 ? '' : 's'} for each target`,
      );
    const rows = labelledRows('TopKAccuracy', batch, targets, { ignoreIndex: this.#ignoreIndex, classes: width });
    this.#right += rows.filter(({ target, at }) => rankOf(predictions, at, width, target) < this.#k).length;
    this.#count += rows.length;
  }

  /** Returns a share in 0…1; NaN if nothing was counted. */
  compute(): number {
    return this.#right / this.#count;
  }

  reset(): void {
    this.#right = 0;
    this.#count = 0;
  }
}

/** The number of classes that come before `target`. */
function rankOf(scores: Values, at: number, width: number, target: number): number {
  const own = scores[at + target]!;
  let rank = 0;
  for (let c = 0; c < width; c++) {
    const score = scores[at + c]!;
    checkScore('TopKAccuracy', score, at + c);
    if (score > own || (score === own && c < target)) rank++;
  }
  return rank;
}
