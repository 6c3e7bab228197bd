import { checkOptions, type OptionRules, type Tensor } from '@timestep/core';
import { bceRules, bceWithLogitsLoss, type BCEWithLogitsLossOptions } from './binary-cross-entropy.ts';
import { crossEntropyLoss, crossEntropyRules, type CrossEntropyLossOptions } from './cross-entropy.ts';
import { klDivLoss, klDivRules, type KLDivLossOptions } from './kl-divergence.ts';
import { reductionRules, type ReductionOptions } from './reduction.ts';
import {
  huberLoss,
  huberRules,
  l1Loss,
  mseLoss,
  smoothL1Loss,
  smoothRules,
  type HuberLossOptions,
  type SmoothL1LossOptions,
} from './regression.ts';

/**
 * A loss with its options bound: `new CrossEntropyLoss({ ignoreIndex: 0 }).forward(logits, targets)`. The options of a
 * call are added to those of the constructor, so that a mask may change from batch to batch.
 */
abstract class Loss<Options extends object> {
  readonly options: Options;

  /** @throws ArgumentError for unknown or bad options */
  constructor(where: string, options: Options, rules: OptionRules<Options>) {
    checkOptions(where, options, rules);
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

  constructor(options: CrossEntropyLossOptions = {}) {
    super('CrossEntropyLoss', options, crossEntropyRules);
  }
}

/** See {@link mseLoss}. */
export class MSELoss extends Loss<ReductionOptions> {
  protected readonly compute = mseLoss;

  constructor(options: ReductionOptions = {}) {
    super('MSELoss', options, reductionRules);
  }
}

/** See {@link l1Loss}. */
export class L1Loss extends Loss<ReductionOptions> {
  protected readonly compute = l1Loss;

  constructor(options: ReductionOptions = {}) {
    super('L1Loss', options, reductionRules);
  }
}

/** See {@link huberLoss}. */
export class HuberLoss extends Loss<HuberLossOptions> {
  protected readonly compute = huberLoss;

  constructor(options: HuberLossOptions = {}) {
    super('HuberLoss', options, huberRules);
  }
}

/** See {@link smoothL1Loss}. */
export class SmoothL1Loss extends Loss<SmoothL1LossOptions> {
  protected readonly compute = smoothL1Loss;

  constructor(options: SmoothL1LossOptions = {}) {
    super('SmoothL1Loss', options, smoothRules);
  }
}

/** See {@link klDivLoss}. */
export class KLDivLoss extends Loss<KLDivLossOptions> {
  protected readonly compute = klDivLoss;

  constructor(options: KLDivLossOptions = {}) {
    super('KLDivLoss', options, klDivRules);
  }
}

/** See {@link bceWithLogitsLoss}. */
export class BCEWithLogitsLoss extends Loss<BCEWithLogitsLossOptions> {
  protected readonly compute = bceWithLogitsLoss;

  constructor(options: BCEWithLogitsLossOptions = {}) {
    super('BCEWithLogitsLoss', options, bceRules);
  }
}
