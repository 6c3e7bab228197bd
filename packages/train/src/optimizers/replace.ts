import { affine, add, full, greaterEqual, inScope, multiply, reshape, select, type Tensor } from '@timestep/core';

/**
 * Overwrites `targets` with what `compute` makes of the scaled gradient plus weight decay, g·factor + λp, unless the
 * factor is negative: then nothing changes. Selected on the device, so nothing is read back.
 */
export function replace(
  targets: readonly Tensor[],
  { parameter, gradient }: { readonly parameter: Tensor; readonly gradient: Tensor },
  { factor, weightDecay }: { readonly factor: Tensor | null; readonly weightDecay: number },
  compute: (gradient: Tensor) => readonly Tensor[],
): void {
  const { backend } = parameter;
  inScope(backend, { gradient: false }, () => {
    const scalar = factor && reshape(factor, []);
    const scaled = scalar ? multiply(gradient, scalar) : gradient;
    const fresh = compute(weightDecay === 0 ? scaled : add(scaled, affine(parameter, weightDecay)));
    const apply = scalar && greaterEqual(scalar, full(backend, [], 0));
    targets.forEach((target, index) => target.assign(apply ? select(apply, fresh[index]!, target) : fresh[index]!));
  });
}
