import { ArgumentError, checkValue, is, ShapeError, type Rule } from '@timestep/core';
import type { Values } from './metric.ts';

/** Accepts arrays and typed arrays. The elements are checked where they are read. */
export const valuesRule: Rule = (value) =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
    ? null
    : 'an array of numbers, such as await tensor.data()';
const maskRule = is.nullable(valuesRule);

/** A batch of predictions and targets whose sizes fit. */
export interface Batch {
  /** The number of predictions for each target, such as one score for each class. */
  readonly width: number;
  /** Whether the target at an index counts. */
  counts(index: number): boolean;
}

/** @throws ArgumentError for something other than arrays; ShapeError for sizes that do not fit together */
export function checkBatch(
  where: string,
  predictions: Values,
  targets: Values,
  mask: Values | null | undefined,
): Batch {
  checkValue(where, 'predictions', predictions, valuesRule);
  checkValue(where, 'targets', targets, valuesRule);
  checkValue(where, 'mask', mask, maskRule);
  const width = targets.length === 0 ? predictions.length + 1 : predictions.length / targets.length;
  if (!Number.isInteger(width) || width < 1)
    throw new ShapeError(
      `[${where}] expected one prediction, or one score for each class, for each of ${targets.length} targets, got ${predictions.length} numbers`,
    );
  if (!mask) return { width, counts: () => true };
  const row = targets.length / mask.length;
  if (targets.length === 0 ? mask.length > 0 : !Number.isInteger(row))
    throw new ShapeError(
      `[${where}] expected a mask with one entry for each of ${targets.length} targets, or for each row of them, got ${mask.length}`,
    );
  for (let i = 0; i < mask.length; i++)
    if (mask[i] !== 0 && mask[i] !== 1)
      throw new ArgumentError(`[${where}] expected a mask of 0 and 1, got ${String(mask[i])} at position ${i}`);
  return { width, counts: (index) => mask[Math.floor(index / row)] === 1 };
}

/** Throws an ArgumentError unless there is one prediction for each target. */
export function expectOneEach(where: string, { width }: Batch, targets: Values): void {
  if (targets.length > 0 && width !== 1)
    throw new ShapeError(`[${where}] expected one prediction for each target, got ${width}; do the shapes agree?`);
}

/** The classes of a batch, in the order of its targets, without what does not count. */
export interface LabelledRow {
  readonly target: number;
  /** The position of the first score of this target. */
  readonly at: number;
}

/**
 * Lists the targets that count: those that the mask keeps and that are not `ignoreIndex`.
 *
 * @throws ArgumentError for a target that is not a class
 */
export function labelledRows(
  where: string,
  { width, counts }: Batch,
  targets: Values,
  { ignoreIndex, classes }: { readonly ignoreIndex: number; readonly classes: number | null },
): LabelledRow[] {
  const limit = classes ?? (width > 1 ? width : Infinity);
  const rows: LabelledRow[] = [];
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i]!;
    if (!counts(i) || target === ignoreIndex) continue;
    if (!Number.isInteger(target) || target < 0 || target >= limit)
      throw new ArgumentError(
        `[${where}] expected targets to be classes 0…${limit === Infinity ? '' : limit - 1} or ignoreIndex ${ignoreIndex}, got ${String(target)} at position ${i}`,
      );
    rows.push({ target, at: i * width });
  }
  return rows;
}

/**
 * Returns the class of a prediction: the prediction itself, or the first class with the highest of `width` scores.
 *
 * @throws ArgumentError for a score that is not a number, and for a prediction that is not a class
 */
export function predictedClass(
  where: string,
  predictions: Values,
  at: number,
  { width, classes }: { readonly width: number; readonly classes: number | null },
): number {
  if (width === 1) {
    const predicted = predictions[at]!;
    if (Number.isInteger(predicted) && predicted >= 0 && predicted < (classes ?? Infinity)) return predicted;
    throw new ArgumentError(
      `[${where}] expected predictions to be classes 0…${classes === null ? '' : classes - 1}, or one score for each class, got ${String(predicted)} at position ${at}`,
    );
  }
  let best = 0;
  for (let c = 0; c < width; c++) {
    checkScore(where, predictions[at + c], at + c);
    if (predictions[at + c]! > predictions[at + best]!) best = c;
  }
  return best;
}

/** @throws ArgumentError for NaN and for something other than a number */
export function checkScore(where: string, score: unknown, at: number): void {
  if (typeof score !== 'number' || Number.isNaN(score))
    throw new ArgumentError(
      `[${where}] expected scores to be numbers, got ${String(score)} at position ${at}; look for NaN in the model's parameters`,
    );
}

/** Targets with this value do not count, unless an option says otherwise; as in `crossEntropyLoss`. */
export const defaultIgnoreIndex = -100;

export const ignoreIndexRule = is.optional(is.integer(-(2 ** 31), 2 ** 31 - 1));
