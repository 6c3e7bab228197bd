import { full, inScope, type Backend, type State, type Tensor } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import type { Module } from '@timestep/layers';
import { readLossResult } from './loss-result.ts';
import type { LossContext, LossFunction } from './options.ts';

/** The result of a batch. */
export interface Backpropagated {
  /** A scalar on the device, to be disposed by the caller. */
  readonly loss: Tensor;
  /** The state for the next batch, to be disposed by the caller; null if the loss returns none. */
  readonly carried: State | null;
  /** The number of elements that the loss averages over, if the loss function returned it. */
  readonly count: number | null;
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
    readonly inspect?: ((loss: Tensor) => void) | undefined;
  },
): Backpropagated {
  // Other asynchronous work may have a scope with other modes open, so this one sets its own.
  return inScope(backend, { gradient: given.scale !== null, training: given.context.training }, () => {
    const { loss: value, state, count } = readLossResult('Trainer', loss(given.model, given.batch, given.context));
    given.inspect?.(value);
    if (given.scale !== null) value.backward(full(backend, value.shape, given.scale));
    const carried =
      state && Object.fromEntries(Object.entries(state).map(([name, part]) => [name, unowned(part.detach())]));
    return { loss: unowned(value.detach()), carried, count };
  });
}
