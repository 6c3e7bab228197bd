import { ArgumentError, describe, DTypeError, ShapeError, Tensor, type State } from '@timestep/core';
import { show } from '@timestep/core/extend';
import { valuesRule } from '../metrics/batch.ts';
import type { Values } from '../metrics/metric.ts';

/** The result of a loss function in normal form. */
export interface ReadLoss {
  readonly loss: Tensor;
  readonly state: State | null;
  /** The number of elements that the loss averages over, if the function returned it. */
  readonly count: number | null;
  readonly measured: Measured;
}

/** What the loss function returned for metrics; null for what it did not. */
export interface Measured {
  readonly predictions: Tensor | null;
  readonly targets: Tensor | Values | null;
  readonly mask: Tensor | Values | null;
}

/**
 * Reads what a loss function returned.
 *
 * @throws ArgumentError for a promise, for something other than a tensor, and for a count that is none; ShapeError for
 *   a loss of more than one number; DTypeError for one that is not f32
 */
export function readLossResult(where: string, result: unknown): ReadLoss {
  if (result instanceof Promise) {
    // Nothing awaits this promise, and its rejection must not end the process.
    result.catch(() => undefined);
    throw new ArgumentError(
      `[${where}] the loss function is asynchronous; it must return its loss at once, so await what it waits for in the data source (next may be asynchronous) and compute synchronously`,
    );
  }
  const given = result instanceof Tensor || !isObject(result) ? { loss: result } : result;
  const { loss, state = null, count = null, predictions, targets, mask } = given as Readonly<Record<string, unknown>>;
  if (!(loss instanceof Tensor))
    throw new ArgumentError(
      `[${where}] expected the loss function to return a tensor or { loss, state, count }, got ${describe(result)}; does it return its loss?`,
    );
  if (loss.size !== 1)
    throw new ShapeError(
      `[${where}] expected the loss to be a scalar, got shape ${show(loss.shape)}; reduce it, for example with mean(loss), or leave out reduction: 'none'`,
    );
  if (loss.dtype !== 'f32') throw new DTypeError(`[${where}] expected a loss of dtype f32, got ${loss.dtype}`);
  if (count !== null && !(typeof count === 'number' && Number.isFinite(count) && count >= 0))
    throw new ArgumentError(`[${where}] expected the loss's count to be a finite number ≥ 0, got ${describe(count)}`);
  if (state !== null && !(isObject(state) && Object.values(state).every((part) => part instanceof Tensor)))
    throw new ArgumentError(
      `[${where}] expected the loss function's state to be an object of tensors, such as { h, c }, got ${describe(state)}`,
    );
  for (const [name, value] of Object.entries({ predictions, targets, mask }))
    if (
      value !== undefined &&
      value !== null &&
      !(value instanceof Tensor) &&
      (name === 'predictions' || valuesRule(value))
    )
      throw new ArgumentError(
        `[${where}] expected the loss function's ${name} to be a tensor${name === 'predictions' ? '' : ' or an array of numbers'}, got ${describe(value)}`,
      );
  return {
    loss,
    state: state as State | null,
    count,
    // Checked above.
    measured: { predictions: predictions ?? null, targets: targets ?? null, mask: mask ?? null } as Measured,
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
