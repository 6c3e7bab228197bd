import { ArgumentError, checkValue, is } from '@timestep/backend-api';
import { noGrad } from '../context.ts';
import { full } from '../create.ts';
import { chooseFused, fusedRules, type FusedOption } from '../fused/choose.ts';
import { wrap } from '../autograd/record.ts';
import { add, divide, minimum, select } from '../ops/binary.ts';
import { checkOperation, expectDType, sameBackend, tensorRule } from '../ops/check.ts';
import { sum } from '../ops/reduce.ts';
import { affine } from '../ops/affine.ts';
import { isFinite, sqrt, square } from '../ops/unary.ts';
import { tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';

/**
 * ‖g‖ over all elements of all gradients, and the factor that clips it to `maxNorm`, both left on the device:
 * factor = min(1, maxNorm/(‖g‖ + 1e-6)), and −1 where the norm is not finite, which makes the optimizer steps skip.
 *
 * @example
 * ```ts
 * const { norm, factor } = globalNorm(parameters.map((parameter) => parameter.grad!), 1);
 * ```
 *
 * @param maxNorm 0 does not clip
 * @returns two scalars
 *
 * @throws ArgumentError for an empty list or tensors of two backends, DTypeError for other dtypes than f32
 */
export function globalNorm(
  gradients: readonly Tensor[],
  maxNorm: number,
  options: FusedOption = {},
): { norm: Tensor; factor: Tensor } {
  checkValue('globalNorm', 'gradients', gradients, is.arrayOf(tensorRule, 'an array of tensors'));
  checkValue('globalNorm', 'maxNorm', maxNorm, is.number({ min: 0, infinite: true }));
  checkOperation('globalNorm', options, fusedRules);
  const first = gradients[0];
  if (!first) throw new ArgumentError('[globalNorm] expected at least one gradient, got none; call backward() first');
  for (const gradient of gradients) expectDType('globalNorm', 'every gradient', gradient, ['f32']);
  sameBackend('globalNorm', gradients);
  const { backend } = first;
  const op = chooseFused(backend, 'globalNorm', options.fused, (fused) =>
    fused.supports(gradients.map(({ buffer }) => buffer)),
  );
  if (op) {
    const norm = backend.alloc('f32', 1);
    const factor = backend.alloc('f32', 1);
    op.run(
      gradients.map(({ buffer }) => buffer),
      maxNorm,
      norm,
      factor,
    );
    return { norm: wrap(first, norm, []), factor: wrap(first, factor, []) };
  }
  return noGrad(backend, () =>
    tidy(backend, () => {
      const norm = sqrt(gradients.map((gradient) => sum(square(gradient))).reduce((total, part) => add(total, part)));
      const clipped =
        maxNorm === 0 ? full(backend, [], 1) : minimum(divide(full(backend, [], maxNorm), affine(norm, 1, 1e-6)), 1);
      return { norm, factor: select(isFinite(norm), clipped, full(backend, [], -1)) };
    }),
  );
}
