import {
  add,
  affine,
  crossEntropyRows,
  DTypeError,
  full,
  gatherRows,
  logSoftmax,
  multiply,
  notEqual,
  reshape,
  select,
  ShapeError,
  show,
  sum,
  tidy,
  type FusedMode,
  type Tensor,
} from '@timestep/core';
import { maskInput, reduceLosses, type ReductionOptions } from './reduction.ts';

export interface CrossEntropyLossOptions extends ReductionOptions {
  /** ε in [0, 1]: the share of the target's probability that is spread over all classes; 0 by default. */
  readonly labelSmoothing?: number | undefined;
  /** Targets of this value have loss 0 and gradient 0 and do not count in the mean; −100 by default. */
  readonly ignoreIndex?: number | undefined;
  /** f32 `[C]`: the weight of each class. The mean divides by the sum of the targets' weights. */
  readonly weight?: Tensor | null | undefined;
  readonly fused?: FusedMode | undefined;
}

/**
 * Cross-entropy of logits with class indices, as `torch.nn.functional.cross_entropy` with the classes on the last axis:
 * −(1 − ε)·w[y]·log p[y] − ε/C·Σ_c w[c]·log p[c], p = softmax(logits).
 *
 * @param logits f32 `[…, C]`, unnormalised
 * @param targets i32 `[…]`, each in 0…C − 1 or `ignoreIndex`; others are an ArgumentError, from the next read where the device is a GPU
 * @returns a scalar, or `[…]` for the reduction `none`; NaN for a mean over no counted target
 * @example
 * const loss = crossEntropyLoss(logits, targets, { labelSmoothing: 0.1, ignoreIndex: 0 });
 */
export function crossEntropyLoss(logits: Tensor, targets: Tensor, options: CrossEntropyLossOptions = {}): Tensor {
  const { labelSmoothing = 0, ignoreIndex = -100, weight = null, fused, reduction } = options;
  const { backend } = logits;
  if (targets.dtype !== 'i32')
    throw new DTypeError(
      `[crossEntropyLoss] expected targets of dtype i32, class indices, got ${targets.dtype}; make them from an Int32Array, or cast(targets, 'i32')`,
    );
  return tidy(backend, () => {
    const ignored = full(backend, [], ignoreIndex, { dtype: 'i32' });
    const kept = options.mask ? select(options.mask, targets, ignored) : targets;
    const mask = notEqual(kept, ignored);
    if (!weight) {
      const losses = crossEntropyRows(logits, kept, { labelSmoothing, ignoreIndex, fused });
      return reduceLosses('crossEntropyLoss', losses, { reduction, mask });
    }
    const classes = logits.shape.at(-1)!;
    if (weight.rank !== 1 || weight.size !== classes) {
      throw new ShapeError(
        `[crossEntropyLoss] expected weight of shape [${classes}], one for each class, got ${show(weight.shape)}`,
      );
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
