import { ArgumentError, checkOptions, is, type OptionRules } from '@timestep/core';
import { defaultIgnoreIndex, ignoreIndexRule } from './batch.ts';
import { classPairs } from './confusion-matrix.ts';
import type { PredictionMetric, Values } from './metric.ts';

/**
 * How the scores of the classes become one. `micro` counts over all classes together, `macro` is the mean of the classes,
 * `weighted` weights that mean by the number of targets, and `binary` is the score of class 1 of two.
 */
export type Average = 'micro' | 'macro' | 'weighted' | 'binary';

/** Options of {@link Precision}, {@link Recall} and {@link F1Score}. */
export interface ClassScoreOptions {
  /** C: the number of classes. */
  readonly classes: number;
  /** `macro` by default. */
  readonly average?: Average | undefined;
  /** Targets with this value do not count; −100 by default. */
  readonly ignoreIndex?: number | undefined;
}

const rules: OptionRules<ClassScoreOptions> = {
  classes: is.integer(1, 2 ** 24),
  average: is.optional(is.oneOf('micro', 'macro', 'weighted', 'binary')),
  ignoreIndex: ignoreIndexRule,
};

/** What is known of a class, or of all together. */
interface Counts {
  /** Targets that were predicted as this class and belong to it. */
  readonly right: number;
  readonly predicted: number;
  readonly actual: number;
}

/** Precision, recall and F1 differ in one formula. */
abstract class ClassScore implements PredictionMetric {
  readonly #name: string;
  readonly #classes: number;
  readonly #average: Average;
  readonly #ignoreIndex: number;
  readonly #right: Float64Array;
  readonly #predicted: Float64Array;
  readonly #actual: Float64Array;

  constructor(name: string, options: ClassScoreOptions) {
    checkOptions(name, options, rules);
    const { classes, average = 'macro', ignoreIndex = defaultIgnoreIndex } = options;
    if (average === 'binary' && classes !== 2)
      throw new ArgumentError(`[${name}] expected classes to be 2 for the average 'binary', got ${classes}`);
    this.#name = name;
    this.#classes = classes;
    this.#average = average;
    this.#ignoreIndex = ignoreIndex;
    this.#right = new Float64Array(classes);
    this.#predicted = new Float64Array(classes);
    this.#actual = new Float64Array(classes);
  }

  /** The formula. */
  protected abstract score(counts: Counts): number;

  /**
   * Adds a batch.
   *
   * @param predictions classes `[…]`, or one score for each class `[…, C]`
   * @param targets classes `[…]`
   * @param mask 1 where a target counts and 0 where it does not; everything counts by default
   * @throws ArgumentError for a value that is not a class or a score; ShapeError for sizes that do not fit
   */
  update(predictions: Values, targets: Values, mask: Values | null = null): void {
    const settings = { classes: this.#classes, ignoreIndex: this.#ignoreIndex };
    for (const [target, predicted] of classPairs(this.#name, predictions, targets, mask, settings)) {
      this.#actual[target]!++;
      this.#predicted[predicted]!++;
      if (target === predicted) this.#right[target]!++;
    }
  }

  /**
   * Returns a share in 0…1; NaN if nothing was counted. A quotient 0/0 is 0, and `macro` leaves out classes that are
   * neither targets nor predictions, as scikit-learn does.
   */
  compute(): number {
    const all = this.#counts();
    const present = all.filter(({ predicted, actual }) => predicted + actual > 0);
    if (present.length === 0) return NaN;
    if (this.#average === 'binary') return this.score(all[1]!);
    const total = (of: keyof Counts): number => all.reduce((sum, counts) => sum + counts[of], 0);
    if (this.#average === 'micro')
      return this.score({ right: total('right'), predicted: total('predicted'), actual: total('actual') });
    if (this.#average === 'macro') return present.reduce((sum, counts) => sum + this.score(counts) / present.length, 0);
    return present.reduce((sum, counts) => sum + this.score(counts) * (counts.actual / total('actual')), 0);
  }

  /** Returns the score of each class, `[C]`. */
  perClass(): number[] {
    return this.#counts().map((counts) => this.score(counts));
  }

  reset(): void {
    for (const counts of [this.#right, this.#predicted, this.#actual]) counts.fill(0);
  }

  #counts(): Counts[] {
    return Array.from(this.#right, (right, c) => ({
      right,
      predicted: this.#predicted[c]!,
      actual: this.#actual[c]!,
    }));
  }
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * Precision: of the predictions of a class, the share that is right.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const precision = new Precision({ classes: 2, average: 'binary' });
 * precision.update([1, 1, 0, 1], [1, 0, 0, 1]);
 * precision.compute(); // 2/3
 * ```
 */
export class Precision extends ClassScore {
  constructor(options: ClassScoreOptions) {
    super('Precision', options);
  }

  protected score({ right, predicted }: Counts): number {
    return share(right, predicted);
  }
}

/**
 * Recall: of the targets of a class, the share that was predicted.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const recall = new Recall({ classes: 3 });
 * recall.update([0, 1, 1, 2], [0, 1, 2, 2]);
 * recall.perClass(); // [1, 1, 0.5]
 * ```
 */
export class Recall extends ClassScore {
  constructor(options: ClassScoreOptions) {
    super('Recall', options);
  }

  protected score({ right, actual }: Counts): number {
    return share(right, actual);
  }
}

/**
 * F1, the harmonic mean of precision P and recall R of a class: 2·P·R/(P + R).
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const f1 = new F1Score({ classes: 3, average: 'macro' });
 * f1.update([0, 1, 1, 2], [0, 1, 2, 2]);
 * f1.compute(); // (1 + 2/3 + 2/3)/3
 * ```
 */
export class F1Score extends ClassScore {
  constructor(options: ClassScoreOptions) {
    super('F1Score', options);
  }

  protected score({ right, predicted, actual }: Counts): number {
    return share(2 * right, predicted + actual);
  }
}
