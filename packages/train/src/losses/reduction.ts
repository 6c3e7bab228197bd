import {
  checkOptions,
  checkValue,
  divide,
  full,
  is,
  mean,
  select,
  ShapeError,
  sum,
  tidy,
  type OptionRules,
  type Tensor,
} from '@timestep/core';
import { sameShape, show } from '@timestep/core/extend';
import { recordCount } from './counted.ts';

/** How the losses of single elements are combined. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Options of every loss. */
export interface ReductionOptions {
  /** `mean` by default. */
  readonly reduction?: Reduction | undefined;
  /**
   * u32, broadcastable to the losses' shape. Elements where it is 0 have loss 0 and gradient 0, and the mean is over
   * the others. Use `[T, N, 1]` to mask the steps after the end of each sequence.
   */
  readonly mask?: Tensor | null | undefined;
}

/** A tensor of any copy of core. */
export const tensorRule = is.like('a tensor', 'shape', 'backend', 'buffer');

/** The rules of the options that every loss has. */
export const reductionRules: OptionRules<ReductionOptions> = {
  reduction: is.optional(is.oneOf('mean', 'sum', 'none')),
  mask: is.nullable(tensorRule),
};

/** Throws an ArgumentError unless prediction and target are tensors: an array or a number would fail far from here. */
export function checkLossArguments(where: string, prediction: Tensor, target: Tensor): void {
  checkValue(where, 'the prediction', prediction, tensorRule);
  checkValue(where, 'the target', target, tensorRule);
}

/** Checks the tensors and the options of a loss that has no options but those of every loss. */
export function checkLoss(where: string, prediction: Tensor, target: Tensor, options: ReductionOptions): void {
  checkLossArguments(where, prediction, target);
  checkOptions(where, options, reductionRules);
}

/**
 * Sets masked elements to 0 before a loss is computed. Otherwise a masked NaN would reach the gradient as 0·NaN.
 */
export function maskInput(where: string, x: Tensor, mask: Tensor | null | undefined): Tensor {
  if (!mask) return x;
  const kept = select(mask, x, full(x.backend, [], 0));
  if (!sameShape(kept.shape, x.shape)) {
    throw new ShapeError(
      `[${where}] expected a mask that broadcasts to shape ${show(x.shape)}, got ${show(mask.shape)}`,
    );
  }
  return kept;
}

/**
 * Reduces the losses of single elements. With a mask, the mean divides by the number of elements kept, which stays on
 * the device. The mean over no elements is NaN.
 *
 * @param counts the weight of each element in the mean's divisor, of the losses' shape; 1 by default
 */
export function reduceLosses(
  where: string,
  losses: Tensor,
  options: ReductionOptions,
  counts: Tensor | null = null,
): Tensor {
  const { reduction = 'mean', mask = null } = options;
  return tidy(losses.backend, () => {
    const kept = maskInput(where, losses, mask);
    if (reduction === 'none') return kept;
    if (reduction === 'sum') return sum(kept);
    const count = mask || counts ? divisor(losses, mask, counts) : losses.size;
    const loss = typeof count === 'number' ? mean(kept) : divide(sum(kept), count);
    recordCount(loss, count);
    return loss;
  });
}

function divisor(losses: Tensor, mask: Tensor | null, counts: Tensor | null): Tensor {
  if (!mask) return sum(counts!);
  // Each entry of a mask that is broadcast stands for several elements.
  const each = counts ?? full(losses.backend, [], losses.size / Math.max(1, mask.size));
  return sum(select(mask, each, full(losses.backend, [], 0)));
}
