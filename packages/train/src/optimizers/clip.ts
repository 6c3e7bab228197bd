import { checkValue, is, type Tensor } from '@timestep/core';
import { globalNorm } from '@timestep/core/extend';

/** The norm of all gradients together and the factor that clips it: two scalars that stay on the device. */
export interface ClippedNorm {
  readonly norm: Tensor;
  /** Hand it to `optimizer.step(factor)`: min(1, maxNorm/(norm + 1e-6)), and −1 where the norm is not finite. */
  readonly factor: Tensor;
}

const tensorsRule = is.arrayOf(is.like('a tensor', 'backend', 'buffer'), 'an array of tensors');

/**
 * Clips the gradients by their common norm (Pascanu et al. 2013), as `torch.nn.utils.clip_grad_norm_` does, but
 * without touching them or waiting for the device: the factor goes into the optimiser's step.
 *
 * @param maxNorm 0 does not clip, and only guards against what is not finite
 * @example
 * const { factor } = clipGradientNorm(optimizer.gradients, 1);
 * optimizer.step(factor);
 */
export function clipGradientNorm(gradients: readonly Tensor[], maxNorm: number): ClippedNorm {
  checkValue('clipGradientNorm', 'gradients', gradients, tensorsRule);
  checkValue('clipGradientNorm', 'maxNorm', maxNorm, is.number({ min: 0, infinite: true }));
  return globalNorm(gradients, maxNorm);
}

/** Clips every element of the gradients to [−limit, limit], in place, as `torch.nn.utils.clip_grad_value_`. */
export function clipGradientValue(gradients: readonly Tensor[], limit: number): void {
  checkValue('clipGradientValue', 'gradients', gradients, tensorsRule);
  checkValue('clipGradientValue', 'limit', limit, is.number({ above: 0, infinite: true }));
  for (const { backend, buffer } of gradients) backend.unary('clamp', buffer, buffer, -limit, limit);
}
