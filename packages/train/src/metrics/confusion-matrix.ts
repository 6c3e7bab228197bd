import { checkOptions, is, type OptionRules, ShapeError } from '@timestep/core';
import { checkBatch, defaultIgnoreIndex, ignoreIndexRule, labelledRows, predictedClass } from './batch.ts';
import type { PredictionMetric, Values } from './metric.ts';

/** Options of {@link ConfusionMatrix}. */
export interface ConfusionMatrixOptions {
  /** C: the number of classes. */
  readonly classes: number;
  /** Targets with this value do not count; −100 by default. */
  readonly ignoreIndex?: number | undefined;
}

const rules: OptionRules<ConfusionMatrixOptions> = {
  classes: is.integer(1, 2 ** 13),
  ignoreIndex: ignoreIndexRule,
};

/**
 * How often each class was predicted for each target: entry `[t][p]` counts the targets t that were predicted as p.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const confusions = new ConfusionMatrix({ classes: 2 });
 * confusions.update([0, 1, 1, 1], [0, 0, 1, 1]);
 * confusions.compute(); // [[1, 1], [0, 2]]
 * ```
 */
export class ConfusionMatrix implements PredictionMetric<number[][]> {
  /** C: the number of classes. */
  readonly classes: number;
  readonly #ignoreIndex: number;
  readonly #counts: Float64Array;

  constructor(options: ConfusionMatrixOptions) {
    checkOptions('ConfusionMatrix', options, rules);
    this.classes = options.classes;
    this.#ignoreIndex = options.ignoreIndex ?? defaultIgnoreIndex;
    this.#counts = new Float64Array(this.classes ** 2);
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
    for (const [target, predicted] of classPairs('ConfusionMatrix', predictions, targets, mask, this.#settings))
      this.#counts[target * this.classes + predicted]!++;
  }

  /** Returns the counts `[C][C]`: a row for each target, a column for each prediction. */
  compute(): number[][] {
    const { classes } = this;
    return Array.from({ length: classes }, (_, row) =>
      Array.from(this.#counts.subarray(row * classes, (row + 1) * classes)),
    );
  }

  reset(): void {
    this.#counts.fill(0);
  }

  get #settings(): { readonly classes: number; readonly ignoreIndex: number } {
    return { classes: this.classes, ignoreIndex: this.#ignoreIndex };
  }
}

/** The target and the predicted class of everything that counts. */
export function classPairs(
  where: string,
  predictions: Values,
  targets: Values,
  mask: Values | null,
  settings: { readonly classes: number; readonly ignoreIndex: number },
): (readonly [target: number, predicted: number])[] {
  const { classes } = settings;
  const batch = checkBatch(where, predictions, targets, mask);
  if (targets.length > 0 && batch.width !== 1 && batch.width !== classes)
    throw new ShapeError(
      `[${where}] expected a class or ${classes} scores for each target, got ${batch.width} numbers`,
    );
  const kind = { width: batch.width, classes };
  return labelledRows(where, batch, targets, settings).map(
    ({ target, at }) => [target, predictedClass(where, predictions, at, kind)] as const,
  );
}
