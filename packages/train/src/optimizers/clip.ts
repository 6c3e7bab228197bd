import { checkValue, is, type Tensor } from '@timestep/core';
import { globalNorm } from '@timestep/core/extend';

/** The common norm of all gradients and the factor that clips it, two scalars on the device. */
export interface ClippedNorm {
  readonly norm: Tensor;
  /** min(1, maxNorm/(norm + 1e-6)), or −1 if the norm is not finite; pass it to `optimizer.step(factor)`. */
  readonly factor: Tensor;
}

const tensorsRule = is.arrayOf(is.like('a tensor', 'backend', 'buffer'), 'an array of tensors');

/**
 * Computes the factor that clips the gradients by their common norm (Pascanu et al. 2013). Unlike
 * `torch.nn.utils.clip_grad_norm_`, it neither changes the gradients nor waits for the device. Pass the factor to the
 * optimizer's `step`.
 *
 * @param maxNorm the largest norm; 0 does not clip and only detects non-finite gradients
 * @param gradients f32, one for each parameter, such as `optimizer.gradients`
 * @throws ArgumentError for anything but tensors and a limit ≥ 0
 * @example
 * ```ts
 * const { factor } = clipGradientNorm(optimizer.gradients, 1);
 * optimizer.step(factor);
 * ```
 */
export function clipGradientNorm(gradients: readonly Tensor[], maxNorm: number): ClippedNorm {
  checkValue('clipGradientNorm', 'gradients', gradients, tensorsRule);
  checkValue('clipGradientNorm', 'maxNorm', maxNorm, is.number({ min: 0, infinite: true }));
  return globalNorm(gradients, maxNorm);
}

/**
 * Clips every element of the gradients to [−limit, limit], in place, as `torch.nn.utils.clip_grad_value_`.
 *
 * @param gradients f32, changed in place
 * @param limit the largest absolute value
 * @throws ArgumentError for anything but tensors and a positive limit
 * @example
 * ```ts
 * clipGradientValue(optimizer.gradients, 5);
 * optimizer.step();
 * ```
 */
export function clipGradientValue(gradients: readonly Tensor[], limit: number): void {
  checkValue('clipGradientValue', 'gradients', gradients, tensorsRule);
  checkValue('clipGradientValue', 'limit', limit, is.number({ above: 0, infinite: true }));
  for (const { backend, buffer } of gradients) backend.unary('clamp', buffer, buffer, -limit, limit);
}
