import {
  full,
  greaterEqual,
  inScope,
  noGrad,
  select,
  tidy,
  type Backend,
  type State,
  type Tensor,
} from '@timestep/core';
import type { Module } from '@timestep/layers';
import { clipGradientNorm, clipGradientValue } from '../optimizers/clip.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { readLossResult } from './loss-result.ts';
import type { LossContext, LossFunction } from './options.ts';

/** Takes a tensor out of every scope: whoever calls this disposes it. */
export function unowned<T extends Tensor>(tensor: T): T {
  tensor.owner?.release(tensor);
  return tensor;
}

export function disposeState(state: State | null): void {
  for (const part of Object.values(state ?? {})) part.dispose();
}

export interface Backpropagated {
  /** A scalar on the device, to be disposed by the caller. */
  readonly loss: Tensor;
  /** What the next batch goes on from, to be disposed by the caller; null where the loss carries none. */
  readonly carried: State | null;
  /** What the loss function said that its loss is the mean over. */
  readonly count: number | null;
}

/**
 * One batch forward and, unless `scale` is null, backward with the loss scaled. Everything it makes is freed but what
 * it returns.
 */
export function runBatch<Model extends Module, Batch>(
  backend: Backend,
  loss: LossFunction<Model, Batch>,
  given: {
    readonly model: Model;
    readonly batch: Batch;
    readonly context: LossContext;
    readonly scale: number | null;
    /** Looks at the loss before its gradient is made. */
    readonly inspect?: ((loss: Tensor) => void) | undefined;
  },
): Backpropagated {
  // Other asynchronous work may have a scope open, with other modes: this one has its own.
  return inScope(backend, { gradient: given.scale !== null, training: given.context.training }, () => {
    const { loss: value, state, count } = readLossResult('trainer', loss(given.model, given.batch, given.context));
    given.inspect?.(value);
    if (given.scale !== null) value.backward(full(backend, value.shape, given.scale));
    const carried =
      state && Object.fromEntries(Object.entries(state).map(([name, part]) => [name, unowned(part.detach())]));
    return { loss: unowned(value.detach()), carried, count };
  });
}

export interface Guard {
  /** Of all gradients, before clipping; a scalar on the device. */
  readonly norm: Tensor;
  /** What the step multiplied the gradients by; negative where it was skipped. */
  readonly factor: Tensor;
}

/**
 * Clips and steps without reading anything back. Where a gradient is not finite, or `previous` says so of an update
 * before, nothing changes: so the weights stay what they were until the losses are read.
 */
export function applyUpdate(
  optimizer: Optimizer,
  clip: { readonly norm: number; readonly value: number | null },
  previous: Tensor | null,
): Guard {
  const { gradients } = optimizer;
  const { backend } = optimizer.parameters[0]!.parameter;
  const guard = noGrad(backend, () =>
    tidy(backend, () => {
      const first = clipGradientNorm(gradients, clip.value === null ? clip.norm : 0);
      if (clip.value === null) return { norm: first.norm, factor: stayNegative(previous, first.factor) };
      clipGradientValue(gradients, clip.value);
      const factor = stayNegative(previous, first.factor);
      return {
        norm: first.norm,
        factor: clip.norm === 0 ? factor : stayNegative(factor, clipGradientNorm(gradients, clip.norm).factor),
      };
    }),
  );
  unowned(guard.norm);
  unowned(guard.factor);
  optimizer.step(guard.factor);
  return guard;
}

/** Multiplies the gradients, in place. */
export function scaleGradients(gradients: readonly Tensor[], factor: number): void {
  // Two parameters may share one gradient, which must not be multiplied twice.
  const buffers = new Map(gradients.map(({ backend, buffer }) => [buffer, backend]));
  for (const [buffer, backend] of buffers) backend.unary('affine', buffer, buffer, factor, 0);
}

/** `factor`, but −1 where `previous` is negative. */
function stayNegative(previous: Tensor | null, factor: Tensor): Tensor {
  if (!previous) return factor;
  const { backend } = factor;
  return select(greaterEqual(previous, full(backend, [], 0)), factor, full(backend, [], -1));
}
