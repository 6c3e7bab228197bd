import {
  absolute,
  affine,
  checkOptions,
  clamp,
  full,
  is,
  lessEqual,
  select,
  ShapeError,
  square,
  subtract,
  tidy,
  type OptionRules,
  type Tensor,
} from '@timestep/core';
import { sameShape, show } from '@timestep/core/extend';
import {
  checkLoss,
  checkLossArguments,
  maskInput,
  reduceLosses,
  reductionRules,
  type ReductionOptions,
} from './reduction.ts';

/** Refuses targets of another shape, which would broadcast silently to a wrong loss. */
export function checkSameShape(where: string, prediction: Tensor, target: Tensor): void {
  if (!sameShape(prediction.shape, target.shape)) {
    throw new ShapeError(
      `[${where}] expected a target of the prediction's shape ${show(prediction.shape)}, got ${show(target.shape)}; reshape or expand it`,
    );
  }
}

function differenceOf(where: string, prediction: Tensor, target: Tensor, { mask }: ReductionOptions): Tensor {
  return subtract(maskInput(where, prediction, mask), maskInput(where, target, mask));
}

/**
 * Mean squared error, (x − y)², as `torch.nn.functional.mse_loss`.
 *
 * @param prediction f32, any shape
 * @param target f32, the same shape
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError where shapes differ
 * @example
 * ```ts
 * const loss = mseLoss(prediction, target, { mask });
 * ```
 */
export function mseLoss(prediction: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  checkLoss('mseLoss', prediction, target, options);
  checkSameShape('mseLoss', prediction, target);
  return tidy(prediction.backend, () =>
    reduceLosses('mseLoss', square(differenceOf('mseLoss', prediction, target, options)), options),
  );
}

/**
 * Mean absolute error, |x − y|, as `torch.nn.functional.l1_loss`.
 *
 * @param prediction f32, any shape
 * @param target f32, the same shape
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError where shapes differ
 * @example
 * ```ts
 * const loss = l1Loss(prediction, target);
 * ```
 */
export function l1Loss(prediction: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  checkLoss('l1Loss', prediction, target, options);
  checkSameShape('l1Loss', prediction, target);
  return tidy(prediction.backend, () =>
    reduceLosses('l1Loss', absolute(differenceOf('l1Loss', prediction, target, options)), options),
  );
}

/** Options of {@link huberLoss}. */
export interface HuberLossOptions extends ReductionOptions {
  /** The error at which the loss changes from quadratic to linear; 1 by default. */
  readonly delta?: number | undefined;
}

export const huberRules: OptionRules<HuberLossOptions> = {
  ...reductionRules,
  delta: is.optional(is.number({ above: 0 })),
};

/**
 * Huber loss (Huber 1964), as `torch.nn.functional.huber_loss`: d²/2 for |d| ≤ δ, else δ(|d| − δ/2), with d = x − y.
 *
 * @param prediction f32, any shape
 * @param target f32, the same shape
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError where shapes differ
 * @example
 * ```ts
 * const loss = huberLoss(prediction, target, { delta: 0.5 });
 * ```
 */
export function huberLoss(prediction: Tensor, target: Tensor, options: HuberLossOptions = {}): Tensor {
  checkLossArguments('huberLoss', prediction, target);
  checkOptions('huberLoss', options, huberRules);
  const { delta = 1 } = options;
  checkSameShape('huberLoss', prediction, target);
  return tidy(prediction.backend, () =>
    reduceLosses('huberLoss', huber(differenceOf('huberLoss', prediction, target, options), delta), options),
  );
}

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends ReductionOptions {
  /** The error at which the loss changes from quadratic to linear; 1 by default. 0 is the absolute error. */
  readonly beta?: number | undefined;
}

export const smoothRules: OptionRules<SmoothL1LossOptions> = {
  ...reductionRules,
  beta: is.optional(is.number({ min: 0 })),
};

/**
 * Smooth L1 loss, as `torch.nn.functional.smooth_l1_loss`: d²/(2β) for |d| < β, else |d| − β/2, with d = x − y. It is
 * the Huber loss divided by β.
 *
 * @param prediction f32, any shape
 * @param target f32, the same shape
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError where shapes differ
 * @example
 * ```ts
 * const loss = smoothL1Loss(prediction, target, { beta: 0.5 });
 * ```
 */
export function smoothL1Loss(prediction: Tensor, target: Tensor, options: SmoothL1LossOptions = {}): Tensor {
  checkLossArguments('smoothL1Loss', prediction, target);
  checkOptions('smoothL1Loss', options, smoothRules);
  const { beta = 1 } = options;
  checkSameShape('smoothL1Loss', prediction, target);
  if (beta === 0) return l1Loss(prediction, target, { reduction: options.reduction, mask: options.mask });
  return tidy(prediction.backend, () =>
    reduceLosses(
      'smoothL1Loss',
      affine(huber(differenceOf('smoothL1Loss', prediction, target, options), beta), 1 / beta),
      options,
    ),
  );
}

function huber(difference: Tensor, delta: number): Tensor {
  const size = absolute(difference);
  // Clamp before squaring: an infinite difference would have the gradient ∞·0.
  const within = clamp(size, 0, delta);
  const line = affine(size, delta, (-delta * delta) / 2);
  return select(lessEqual(size, full(size.backend, [], delta)), affine(square(within), 0.5), line);
}
