import {
  add,
  affine,
  ArgumentError,
  checkOptions,
  crossEntropyRows,
  DTypeError,
  full,
  gatherRows,
  is,
  logSoftmax,
  multiply,
  negative,
  notEqual,
  reshape,
  select,
  ShapeError,
  sum,
  tidy,
  type FusedMode,
  type OptionRules,
  type Tensor,
} from '@timestep/core';
import { sameShape, show } from '@timestep/core/extend';
import { checkLabels } from './labels.ts';
import {
  checkLossArguments,
  maskInput,
  reduceLosses,
  reductionRules,
  tensorRule,
  type ReductionOptions,
} from './reduction.ts';

/** Options of {@link crossEntropyLoss}. */
export interface CrossEntropyLossOptions extends ReductionOptions {
  /** ε in [0, 1]: the part of the target's probability that is spread over all classes; 0 by default. */
  readonly labelSmoothing?: number | undefined;
  /** Targets with this value have loss 0 and gradient 0, and the mean ignores them; −100 by default. */
  readonly ignoreIndex?: number | undefined;
  /** f32 `[C]`: the weight of each class. The mean divides by the sum of the targets' weights. */
  readonly weight?: Tensor | null | undefined;
  readonly fused?: FusedMode | undefined;
}

export const crossEntropyRules: OptionRules<CrossEntropyLossOptions> = {
  ...reductionRules,
  labelSmoothing: is.optional(is.probability),
  ignoreIndex: is.optional(is.integer(-(2 ** 31), 2 ** 31 - 1)),
  weight: is.nullable(tensorRule),
  fused: is.optional(is.oneOf('auto', 'require', 'off')),
};

/**
 * Cross-entropy of logits, as `torch.nn.functional.cross_entropy` with the classes on the last axis. With class
 * indices y: −(1 − ε)·w[y]·log p[y] − ε/C·Σ_c w[c]·log p[c], p = softmax(logits). With distributions t:
 * −Σ_c ((1 − ε)·t[c] + ε/C)·w[c]·log p[c], and the mean is over the distributions.
 *
 * @param logits f32 `[…, C]`, unnormalised
 * @param targets i32 `[…]`, each in 0…C − 1 or `ignoreIndex`; or f32 `[…, C]`, a distribution over the classes
 * @returns a scalar, or `[…]` for the reduction `none`; NaN for a mean over no counted target
 * @throws ArgumentError for unknown or bad options, and for an index that is no class (from the next read where the
 *   device is a GPU); DTypeError and ShapeError for tensors that do not fit
 * @example
 * ```ts
 * const loss = crossEntropyLoss(logits, targets, { labelSmoothing: 0.1, ignoreIndex: 0 });
 * ```
 */
export function crossEntropyLoss(logits: Tensor, targets: Tensor, options: CrossEntropyLossOptions = {}): Tensor {
  checkLossArguments('crossEntropyLoss', logits, targets);
  checkOptions('crossEntropyLoss', options, crossEntropyRules);
  const { labelSmoothing = 0, ignoreIndex = -100, weight = null, fused, reduction } = options;
  const { backend } = logits;
  const classes = logits.shape.at(-1)!;
  if (weight && (weight.rank !== 1 || weight.size !== classes))
    throw new ShapeError(
      `[crossEntropyLoss] expected weight of shape [${classes}], one for each class, got ${show(weight.shape)}`,
    );
  if (targets.dtype === 'f32') return withDistributions(logits, targets, options);
  if (targets.dtype !== 'i32')
    throw new DTypeError(
      `[crossEntropyLoss] expected targets of dtype i32, class indices, or f32, distributions, got ${targets.dtype}; make them from an Int32Array, or cast(targets, 'i32')`,
    );
  checkLabels(targets, { classes, ignoreIndex, masked: Boolean(options.mask) });
  return tidy(backend, () => {
    const ignored = full(backend, [], ignoreIndex, { dtype: 'i32' });
    const kept = options.mask ? select(options.mask, targets, ignored) : targets;
    const mask = notEqual(kept, ignored);
    if (!weight) {
      const losses = crossEntropyRows(logits, kept, { labelSmoothing, ignoreIndex, fused });
      return reduceLosses('crossEntropyLoss', losses, { reduction, mask });
    }
    const safe = select(mask, kept, full(backend, [], 0, { dtype: 'i32' }));
    const counts = gatherRows(weight, safe);
    const sharp = multiply(crossEntropyRows(logits, kept, { ignoreIndex, fused }), counts);
    if (labelSmoothing === 0) return reduceLosses('crossEntropyLoss', sharp, { reduction, mask }, counts);
    const clean = maskInput('crossEntropyLoss', logits, reshape(mask, [...mask.shape, 1]));
    const smooth = sum(multiply(logSoftmax(clean, -1, { fused }), weight), -1);
    const losses = add(affine(sharp, 1 - labelSmoothing), affine(smooth, -labelSmoothing / classes));
    return reduceLosses('crossEntropyLoss', losses, { reduction, mask }, counts);
  });
}

/** Targets that are distributions over the classes. */
function withDistributions(logits: Tensor, targets: Tensor, options: CrossEntropyLossOptions): Tensor {
  const { labelSmoothing = 0, weight = null, fused, reduction, mask = null, ignoreIndex } = options;
  if (sameShape(logits.shape.slice(0, -1), targets.shape))
    throw new DTypeError(
      "[crossEntropyLoss] expected targets of dtype i32, class indices, got f32; make them from an Int32Array, or cast(targets, 'i32')",
    );
  if (!sameShape(logits.shape, targets.shape))
    throw new ShapeError(
      `[crossEntropyLoss] expected targets that are f32 distributions of the logits' shape ${show(logits.shape)}, got ${show(targets.shape)}`,
    );
  if (ignoreIndex !== undefined)
    throw new ArgumentError('[crossEntropyLoss] ignoreIndex goes with class indices; pass a mask with distributions');
  const classes = logits.shape.at(-1)!;
  return tidy(logits.backend, () => {
    const wide = mask && reshape(mask, [...mask.shape, 1]);
    const logProbabilities = logSoftmax(maskInput('crossEntropyLoss', logits, wide), -1, { fused });
    const given = maskInput('crossEntropyLoss', targets, wide);
    const smooth = labelSmoothing === 0 ? given : affine(given, 1 - labelSmoothing, labelSmoothing / classes);
    const weights = weight ? multiply(smooth, weight) : smooth;
    const losses = negative(sum(multiply(weights, logProbabilities), -1));
    return reduceLosses('crossEntropyLoss', losses, { reduction, mask });
  });
}
