import type { Tensor } from '@timestep/core';
import { bceWithLogitsLoss, type BCEWithLogitsLossOptions } from './binary-cross-entropy.ts';
import { crossEntropyLoss, type CrossEntropyLossOptions } from './cross-entropy.ts';
import { klDivLoss, type KLDivLossOptions } from './kl-divergence.ts';
import type { ReductionOptions } from './reduction.ts';
import {
  huberLoss,
  l1Loss,
  mseLoss,
  smoothL1Loss,
  type HuberLossOptions,
  type SmoothL1LossOptions,
} from './regression.ts';

/**
 * A loss with its options bound: `new CrossEntropyLoss({ ignoreIndex: 0 }).forward(logits, targets)`. The options of a
 * call are added to those of the constructor, so that a mask may change from batch to batch.
 */
abstract class Loss<Options> {
  readonly options: Options;

  constructor(options: Options = {} as Options) {
    this.options = options;
  }

  protected abstract readonly compute: (prediction: Tensor, target: Tensor, options: Options) => Tensor;

  forward(prediction: Tensor, target: Tensor, options?: Partial<Options>): Tensor {
    return this.compute(prediction, target, { ...this.options, ...options });
  }
}

/** See {@link crossEntropyLoss}. */
export class CrossEntropyLoss extends Loss<CrossEntropyLossOptions> {
  protected readonly compute = crossEntropyLoss;
}

/** See {@link mseLoss}. */
export class MSELoss extends Loss<ReductionOptions> {
  protected readonly compute = mseLoss;
}

/** See {@link l1Loss}. */
export class L1Loss extends Loss<ReductionOptions> {
  protected readonly compute = l1Loss;
}

/** See {@link huberLoss}. */
export class HuberLoss extends Loss<HuberLossOptions> {
  protected readonly compute = huberLoss;
}

/** See {@link smoothL1Loss}. */
export class SmoothL1Loss extends Loss<SmoothL1LossOptions> {
  protected readonly compute = smoothL1Loss;
}

/** See {@link klDivLoss}. */
export class KLDivLoss extends Loss<KLDivLossOptions> {
  protected readonly compute = klDivLoss;
}

/** See {@link bceWithLogitsLoss}. */
export class BCEWithLogitsLoss extends Loss<BCEWithLogitsLossOptions> {
  protected readonly compute = bceWithLogitsLoss;
}
