import {
  affine,
  checkOptions,
  exp,
  full,
  greater,
  is,
  log,
  multiply,
  select,
  subtract,
  sum,
  tidy,
  type OptionRules,
  type Tensor,
} from '@timestep/core';
import { recordCount } from './counted.ts';
import {
  checkLossArguments,
  maskInput,
  reduceLosses,
  reductionRules,
  type Reduction,
  type ReductionOptions,
} from './reduction.ts';
import { checkSameShape } from './regression.ts';

/** Options of {@link klDivLoss}. */
export interface KLDivLossOptions extends Omit<ReductionOptions, 'reduction'> {
  /**
   * `batchMean` divides the sum by the number of distributions and gives the divergence itself; `mean` divides by the
   * number of elements.
   */
  readonly reduction?: Reduction | 'batchMean' | undefined;
  /** The target holds log-probabilities; false by default. */
  readonly logTarget?: boolean | undefined;
}

export const klDivRules: OptionRules<KLDivLossOptions> = {
  ...reductionRules,
  reduction: is.optional(is.oneOf('mean', 'sum', 'none', 'batchMean')),
  logTarget: is.optional(is.boolean),
};

/**
 * Kullback–Leibler divergence of predicted log-probabilities from a target distribution, element by element:
 * t·(ln t − x), and 0 where t is 0; with `logTarget` eᵗ·(t − x). As `torch.nn.functional.kl_div`.
 *
 * @param logProbabilities f32 `[…, C]`, such as `logSoftmax(logits)`
 * @param target f32 of the same shape, probabilities
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError where shapes differ
 * @example
 * ```ts
 * const loss = klDivLoss(logSoftmax(logits), target, { reduction: 'batchMean' });
 * ```
 */
export function klDivLoss(logProbabilities: Tensor, target: Tensor, options: KLDivLossOptions = {}): Tensor {
  checkLossArguments('klDivLoss', logProbabilities, target);
  checkOptions('klDivLoss', options, klDivRules);
  const { logTarget = false, reduction, mask } = options;
  checkSameShape('klDivLoss', logProbabilities, target);
  return tidy(target.backend, () => {
    const x = maskInput('klDivLoss', logProbabilities, mask);
    const t = maskInput('klDivLoss', target, mask);
    const losses = logTarget ? multiply(exp(t), subtract(t, x)) : divergence(x, t);
    if (reduction !== 'batchMean') return reduceLosses('klDivLoss', losses, { reduction, mask });
    const classes = losses.shape.at(-1) ?? 1;
    if (!mask) {
      const loss = affine(sum(losses), classes / Math.max(1, losses.size));
      recordCount(loss, losses.size / Math.max(1, classes));
      return loss;
    }
    return affine(reduceLosses('klDivLoss', losses, { reduction: 'mean', mask }), classes);
  });
}

function divergence(logProbabilities: Tensor, target: Tensor): Tensor {
  const { backend } = target;
  const present = greater(target, full(backend, [], 0));
  // Where t is 0, ln t and x may be infinite: they are replaced before they are multiplied, since 0·∞ is NaN.
  const zero = full(backend, [], 0);
  const logTarget = log(select(present, target, full(backend, [], 1)));
  return multiply(select(present, target, zero), subtract(logTarget, select(present, logProbabilities, zero)));
}
