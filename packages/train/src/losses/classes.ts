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
 * A loss that keeps its options: `new CrossEntropyLoss({ ignoreIndex: 0 }).forward(logits, targets)`. The options of a
 * call are added to those of the constructor, so a mask may change from batch to batch.
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

/**
 * {@link crossEntropyLoss} as a class that keeps its options.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const criterion = new CrossEntropyLoss({ labelSmoothing: 0.1 });
 * const loss = criterion.forward(logits, targets);
 * ```
 */
export class CrossEntropyLoss extends Loss<CrossEntropyLossOptions> {
  protected readonly compute = crossEntropyLoss;

  constructor(options: CrossEntropyLossOptions = {}) {
    super('CrossEntropyLoss', options, crossEntropyRules);
  }
}

/**
 * {@link mseLoss} as a class that keeps its options.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const criterion = new MSELoss({ reduction: 'sum' });
 * const loss = criterion.forward(prediction, target);
 * ```
 */
export class MSELoss extends Loss<ReductionOptions> {
  protected readonly compute = mseLoss;

  constructor(options: ReductionOptions = {}) {
    super('MSELoss', options, reductionRules);
  }
}

/**
 * {@link l1Loss} as a class that keeps its options.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const criterion = new L1Loss();
 * const loss = criterion.forward(prediction, target);
 * ```
 */
export class L1Loss extends Loss<ReductionOptions> {
  protected readonly compute = l1Loss;

  constructor(options: ReductionOptions = {}) {
    super('L1Loss', options, reductionRules);
  }
}

/**
 * {@link huberLoss} as a class that keeps its options.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const criterion = new HuberLoss({ delta: 0.5 });
 * const loss = criterion.forward(prediction, target);
 * ```
 */
export class HuberLoss extends Loss<HuberLossOptions> {
  protected readonly compute = huberLoss;

  constructor(options: HuberLossOptions = {}) {
    super('HuberLoss', options, huberRules);
  }
}

/**
 * {@link smoothL1Loss} as a class that keeps its options.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const criterion = new SmoothL1Loss({ beta: 0.5 });
 * const loss = criterion.forward(prediction, target);
 * ```
 */
export class SmoothL1Loss extends Loss<SmoothL1LossOptions> {
  protected readonly compute = smoothL1Loss;

  constructor(options: SmoothL1LossOptions = {}) {
    super('SmoothL1Loss', options, smoothRules);
  }
}

/**
 * {@link klDivLoss} as a class that keeps its options.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const criterion = new KLDivLoss({ reduction: 'batchMean' });
 * const loss = criterion.forward(logProbabilities, target);
 * ```
 */
export class KLDivLoss extends Loss<KLDivLossOptions> {
  protected readonly compute = klDivLoss;

  constructor(options: KLDivLossOptions = {}) {
    super('KLDivLoss', options, klDivRules);
  }
}

/**
 * {@link bceWithLogitsLoss} as a class that keeps its options.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const criterion = new BCEWithLogitsLoss({ posWeight: 3 });
 * const loss = criterion.forward(logits, target);
 * ```
 */
export class BCEWithLogitsLoss extends Loss<BCEWithLogitsLossOptions> {
  protected readonly compute = bceWithLogitsLoss;

  constructor(options: BCEWithLogitsLossOptions = {}) {
    super('BCEWithLogitsLoss', options, bceRules);
  }
}
