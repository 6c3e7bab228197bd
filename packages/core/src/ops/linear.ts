import { ShapeError } from '@timestep/backend-api';
import { applyFused } from '../fused/apply.ts';
import { chooseFused, fusedRules, type FusedOption } from '../fused/choose.ts';
import { tidy } from '../scope.ts';
import { show, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add } from './binary.ts';
import { checkOperation, expectDType, sameBackend } from './check.ts';
import { matmul } from './matmul.ts';
import { reshape } from './shape.ts';

/**
 * y = x Wᵀ + b over the last axis: x `[…, inputSize]`, W `[outputSize, inputSize]`, b `[outputSize]` or null.
 *
 * @example
 * ```ts
 * linear(x, weight, bias); // x [T, N, 8], weight [4, 8], bias [4] → [T, N, 4]
 * ```
 *
 * @throws ShapeError where the sizes do not fit
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: FusedOption = {}): Tensor {
  expectDType('linear', 'x', x, ['f32']);
  expectDType('linear', 'weight', weight, ['f32']);
  if (bias !== null) expectDType('linear', 'bias', bias, ['f32']);
  checkOperation('linear', options, fusedRules);
  sameBackend('linear', [x, weight, bias]);
  const [outputSize, inputSize] = weight.shape;
  if (weight.rank !== 2 || x.rank < 1 || x.shape.at(-1) !== inputSize) {
    throw new ShapeError(
      `[linear] expected x of shape [..., ${inputSize}] for a weight of shape ${show(weight.shape)}, got ${show(x.shape)}`,
    );
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== outputSize))
    throw new ShapeError(`[linear] expected a bias of shape [${outputSize}], got ${show(bias.shape)}`);
  const lead = x.shape.slice(0, -1);
  const spec = { rows: sizeOf(lead), inputSize: inputSize!, outputSize: outputSize! };
  const op = chooseFused(x.backend, 'linear', options.fused, (fused) => fused.supports({ ...spec, needsSaved: true }));
  if (op)
    return applyFused('linear', op, spec, { x, weight, bias }, { x, weight, bias }, { y: [...lead, outputSize!] }).y;
  return tidy(x.backend, () => {
    const product = matmul(reshape(x, [spec.rows, inputSize!]), weight, { transposeB: true });
    return reshape(bias ? add(product, bias) : product, [...lead, outputSize!]);
  });
}
