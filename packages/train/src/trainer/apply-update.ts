import { full, greaterEqual, noGrad, select, tidy, type Tensor } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { clipGradientNorm, clipGradientValue } from '../optimizers/clip.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';

/** The norm of an update's gradients and the factor that its step used. */
export interface Guard {
  /** Of all gradients, before clipping; a scalar on the device. */
  readonly norm: Tensor;
  /** The factor on the gradients; negative if the update was skipped. */
  readonly factor: Tensor;
}

/**
 * Clips the gradients and updates the weights without reading anything back. If a gradient is not finite, or `previous`
 * reports that of an earlier update, nothing changes. So the weights keep their values until the losses are read.
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
  // Two parameters may share one gradient, so multiply each buffer once.
  const buffers = new Map(gradients.map(({ backend, buffer }) => [buffer, backend]));
  for (const [buffer, backend] of buffers) backend.unary('affine', buffer, buffer, factor, 0);
}

/** `factor`, but −1 where `previous` is negative. */
function stayNegative(previous: Tensor | null, factor: Tensor): Tensor {
  if (!previous) return factor;
  const { backend } = factor;
  return select(greaterEqual(previous, full(backend, [], 0)), factor, full(backend, [], -1));
}
