import { is, ShapeError, type OptionRules } from '@timestep/backend-api';
import { applyFused } from '../fused/apply.ts';
import { chooseFused, fusedRules, type FusedOption } from '../fused/choose.ts';
import { tidy } from '../scope.ts';
import { show, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, multiply, subtract } from './binary.ts';
import { checkOperation, expectDType, sameBackend } from './check.ts';
import { mean } from './reduce.ts';
import { affine } from './affine.ts';
import { rsqrt, square } from './unary.ts';

/** Options of {@link layerNorm}. */
export interface LayerNormArguments extends FusedOption {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
}

const rules: OptionRules<LayerNormArguments> = { ...fusedRules, epsilon: is.optional(is.number({ min: 0 })) };

/**
 * (x − mean)/√(variance + ε)·weight + bias over the last axis, with the biased variance (Ba, Kiros and Hinton 2016).
 *
 * @example
 * ```ts
 * layerNorm(x, null, null); // each row has mean 0 and variance 1
 * ```
 *
 * @param weight `[columns]`, or null for 1
 * @param bias `[columns]`, or null for 0
 *
 * @throws ShapeError where weight or bias has another length than the last axis of x
 */
export function layerNorm(
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  options: LayerNormArguments = {},
): Tensor {
  checkOperation('layerNorm', options, rules);
  const epsilon = options.epsilon ?? 1e-5;
  expectDType('layerNorm', 'x', x, ['f32']);
  if (weight !== null) expectDType('layerNorm', 'weight', weight, ['f32']);
  if (bias !== null) expectDType('layerNorm', 'bias', bias, ['f32']);
  sameBackend('layerNorm', [x, weight, bias]);
  const columns = x.shape.at(-1);
  for (const parameter of [weight, bias]) {
    if (columns === undefined || (parameter && (parameter.rank !== 1 || parameter.shape[0] !== columns))) {
      throw new ShapeError(
        `[layerNorm] expected weight and bias of shape [${columns}] for x of shape ${show(x.shape)}, got ${show(parameter?.shape ?? [])}`,
      );
    }
  }
  const spec = { rows: sizeOf(x.shape.slice(0, -1)), columns: columns!, epsilon };
  const op = chooseFused(x.backend, 'layerNorm', options.fused, (fused) =>
    fused.supports({ ...spec, needsSaved: true }),
  );
  if (op) return applyFused('layerNorm', op, spec, { x, weight, bias }, { x, weight, bias }, { y: x.shape }).y;
  return tidy(x.backend, () => {
    const centred = subtract(x, mean(x, -1, { keepAxes: true }));
    const variance = mean(square(centred), -1, { keepAxes: true });
    let y = multiply(centred, rsqrt(affine(variance, 1, epsilon)));
    if (weight) y = multiply(y, weight);
    return bias ? add(y, bias) : y;
  });
}
