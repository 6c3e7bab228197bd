/**
 * A figure that accumulates over batches. It weights each batch by what it counts, so cutting the same examples into other
 * batches gives the same result.
 *
 * @example
 * ```ts
 * const accuracy: Metric<[predictions: Values, targets: Values]> = new Accuracy();
 * for (const { predictions, targets } of batches) accuracy.update(predictions, targets);
 * console.log(accuracy.compute());
 * accuracy.reset();
 * ```
 */
export interface Metric<Batch extends readonly unknown[], Result = number> {
  /** Adds a batch. If it throws, nothing was added. */
  update(...batch: Batch): void;
  /** Returns the figure over everything since the last `reset`. It changes nothing, so you can call it at any time. */
  compute(): Result;
  /** Forgets everything. */
  reset(): void;
}

/** Numbers on the host, row by row, such as `await tensor.data()` or a plain array. */
export type Values = ArrayLike<number>;

/**
 * A metric of predictions and targets, which a `Trainer` can compute during a validation.
 *
 * The mask has one entry for each target, or one for each row of targets. Where it is 0, nothing is counted.
 */
export type PredictionMetric<Result = number> = Metric<
  [predictions: Values, targets: Values, mask?: Values | null | undefined],
  Result
>;
