import { full, inScope, Tensor, type Backend, type State } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import type { Module } from '@timestep/layers';
import { readLossResult, type Measured } from './loss-result.ts';
import type { LossContext, LossFunction } from './options.ts';

/** The result of a batch. */
export interface Backpropagated {
  /** A scalar on the device, to be disposed by the caller. */
  readonly loss: Tensor;
  /** The state for the next batch, to be disposed by the caller; null if the loss returns none. */
  readonly carried: State | null;
  /** The number of elements that the loss averages over, if the loss function returned it. */
  readonly count: number | null;
  /** What the loss function returned for metrics, to be disposed by the caller; nothing unless asked for. */
  readonly measured: Measured;
}

/**
 * Runs one batch forward and, unless `scale` is null, backward with the loss scaled. It frees everything except its
 * result.
 */
export function runBatch<Model extends Module, Batch>(
  backend: Backend,
  loss: LossFunction<Model, Batch>,
  given: {
    readonly model: Model;
    readonly batch: Batch;
    readonly context: LossContext;
    readonly scale: number | null;
    /** Called with the loss before its gradient is computed. */
    /** Keep what the loss function returned for metrics; false by default. */
    readonly measure?: boolean | undefined;
    readonly inspect?: ((loss: Tensor) => void) | undefined;
  },
): Backpropagated {
  // Other asynchronous work may have a scope with other modes open, so this one sets its own.
  return inScope(backend, { gradient: given.scale !== null, training: given.context.training }, () => {
    const {
      loss: value,
      state,
      count,
      measured,
    } = readLossResult('Trainer', loss(given.model, given.batch, given.context));
    given.inspect?.(value);
    if (given.scale !== null) value.backward(full(backend, value.shape, given.scale));
    const carried =
      state && Object.fromEntries(Object.entries(state).map(([name, part]) => [name, unowned(part.detach())]));
    const keep = <Value>(part: Value): Value | Tensor | null => {
      if (!given.measure) return null;
      return part instanceof Tensor ? unowned(part.detach()) : part;
    };
    const { predictions, targets, mask } = measured;
    return {
      loss: unowned(value.detach()),
      carried,
      count,
      measured: { predictions: keep(predictions), targets: keep(targets), mask: keep(mask) },
    };
  });
}
