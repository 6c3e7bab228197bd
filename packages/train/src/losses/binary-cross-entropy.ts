import {
  add,
  affine,
  checkOptions,
  is,
  multiply,
  negative,
  softplus,
  tidy,
  type OptionRules,
  type Tensor,
} from '@timestep/core';
import {
  checkLossArguments,
  maskInput,
  reduceLosses,
  reductionRules,
  tensorRule,
  type ReductionOptions,
} from './reduction.ts';
import { checkSameShape } from './regression.ts';

/** Options of {@link bceWithLogitsLoss}. */
export interface BCEWithLogitsLossOptions extends ReductionOptions {
  /**
   * The weight of positive targets, for rare classes: a number, or f32 broadcastable to the losses' shape.
   */
  readonly posWeight?: Tensor | number | null | undefined;
}

export const bceRules: OptionRules<BCEWithLogitsLossOptions> = {
  ...reductionRules,
  posWeight: is.nullable(is.anyOf(is.number({ min: 0 }), tensorRule)),
};

/**
 * Binary cross-entropy of logits, as `torch.nn.functional.binary_cross_entropy_with_logits`:
 * −p·y·ln σ(x) − (1 − y)·ln(1 − σ(x)), computed as (1 − y)·x + (1 + (p − 1)·y)·softplus(−x), which never overflows.
 *
 * @param logits f32, any shape
 * @param target f32 of the same shape, in [0, 1]
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError where shapes differ
 * @example
 * ```ts
 * const loss = bceWithLogitsLoss(logits, target, { posWeight: 3 });
 * ```
 */
export function bceWithLogitsLoss(logits: Tensor, target: Tensor, options: BCEWithLogitsLossOptions = {}): Tensor {
  checkLossArguments('bceWithLogitsLoss', logits, target);
  checkOptions('bceWithLogitsLoss', options, bceRules);
  const { posWeight = null } = options;
  checkSameShape('bceWithLogitsLoss', logits, target);
  return tidy(logits.backend, () => {
    const x = maskInput('bceWithLogitsLoss', logits, options.mask);
    const y = maskInput('bceWithLogitsLoss', target, options.mask);
    const missing = multiply(affine(y, -1, 1), x);
    const tail = softplus(negative(x));
    const tailWeighted = posWeight === null ? tail : multiply(tail, positiveScale(y, posWeight));
    return reduceLosses('bceWithLogitsLoss', add(missing, tailWeighted), options);
  });
}

/** 1 + (p − 1)·y */
function positiveScale(target: Tensor, posWeight: Tensor | number): Tensor {
  return typeof posWeight === 'number'
    ? affine(target, posWeight - 1, 1)
    : affine(multiply(target, affine(posWeight, 1, -1)), 1, 1);
}
