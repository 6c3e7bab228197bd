import {
  add,
  affine,
  cast,
  checkOptions,
  constant,
  divide,
  is,
  multiply,
  noGrad,
  ones,
  type OptionRules,
  reshape,
  rsqrt,
  ShapeError,
  square,
  subtract,
  sum,
  type Tensor,
  tidy,
  zeros,
} from '@timestep/core';
import { checkLengths, hidePadding, normalizeAxis, show, unowned } from '@timestep/core/extend';
import { expectFloat } from './checks.ts';
import { type LengthsOption, maskSteps } from './lengths.ts';
import { Module } from './module.ts';
import { generatorOrFresh, type LayerOptions, layerRules, lengthsRules } from './options.ts';
import { Parameter } from './parameter.ts';

/** Options of {@link BatchNorm}. */
export interface BatchNormOptions extends LayerOptions {
  /** The number of features. */
  readonly size: number;
  /** The axis of the features: −1 by default, as in `[T, N, D]`; −3 for images `[N, C, H, W]`. */
  readonly axis?: number | undefined;
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number | undefined;
  /** The share of a new batch in the running statistics, 0.1 by default; null for the mean over all batches. */
  readonly momentum?: number | null | undefined;
  /** Scale and shift by trained parameters; true by default. */
  readonly affine?: boolean | undefined;
  /** Keep running statistics and use them in evaluation; true by default. Otherwise evaluation uses the batch too. */
  readonly trackRunningStats?: boolean | undefined;
}

const rules: OptionRules<BatchNormOptions> = {
  ...layerRules,
  size: is.size(),
  axis: is.optional(is.integer()),
  epsilon: is.optional(is.number({ above: 0 })),
  momentum: is.nullable(is.probability),
  affine: is.optional(is.boolean),
  trackRunningStats: is.optional(is.boolean),
};

interface Statistics {
  readonly mean: Tensor;
  /** Divided by the count. */
  readonly variance: Tensor;
  /** Values of each feature. */
  readonly count: number;
}

/**
 * Batch normalization: y = (x − mean)/√(variance + ε)·weight + bias for each feature over all other axes (Ioffe and
 * Szegedy 2015), as `torch.nn.BatchNorm1d` and `BatchNorm2d`. Parameters: `weight [size]`, from 1, and `bias [size]`,
 * from 0. Buffers, saved with the model: `running_mean [size]`, `running_var [size]` (unbiased) and
 * `num_batches_tracked []`.
 *
 * In training it normalises by the batch and updates the running statistics, old·(1 − momentum) + new·momentum. In
 * evaluation it normalises by the running statistics. With `lengths`, padded steps count in neither the mean nor the
 * variance, and the output is 0 there.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const norm = new BatchNorm({ backend, size: 64 });
 * const y = norm.forward(x, { lengths }); // x: [T, N, 64]
 * const images = new BatchNorm({ backend, size: 16, axis: -3 }); // x: [N, 16, H, W]
 * ```
 */
export class BatchNorm extends Module {
  readonly size: number;
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: number | null;
  weight: Parameter | null;
  bias: Parameter | null;
  running_mean: Tensor | null = null;
  running_var: Tensor | null = null;
  num_batches_tracked: Tensor | null = null;

  override get typeName(): string {
    return 'BatchNorm';
  }

  constructor(options: BatchNormOptions) {
    super();
    checkOptions('BatchNorm', options, rules);
    const { backend, size } = options;
    this.size = size;
    this.axis = options.axis ?? -1;
    this.epsilon = options.epsilon ?? 1e-5;
    this.momentum = options.momentum === undefined ? 0.1 : options.momentum;
    const generator = generatorOrFresh(options.generator);
    const make = (value: number) =>
      (options.affine ?? true) ? Parameter.draw(backend, [size], constant(value), generator) : null;
    this.weight = make(1);
    this.bias = make(0);
    if (options.trackRunningStats ?? true) {
      this.running_mean = unowned(zeros(backend, [size]));
      this.running_var = unowned(ones(backend, [size]));
      this.num_batches_tracked = unowned(zeros(backend, [], { dtype: 'i32' }));
    }
  }

  /**
   * @param x `[…, size, …]`, the features in `axis`
   * @param options.lengths `[N]`, for x `[T, N, …]`
   * @returns the shape of x
   * @throws ShapeError where `axis` of x has another length, or where training sees a single value of each feature
   */
  forward(x: Tensor, options: LengthsOption = {}): Tensor {
    expectFloat('BatchNorm', x);
    checkOptions('BatchNorm', options, lengthsRules);
    const at = normalizeAxis('BatchNorm', this.axis, x.rank);
    if (x.shape[at] !== this.size)
      throw new ShapeError(
        `[BatchNorm] expected ${this.size} features in axis ${this.axis} of x, got ${show(x.shape)}; pass size: ${x.shape[at]}, or axis where the features are`,
      );
    const [steps = 0, batch = 0] = x.shape;
    const lengths = checkLengths('BatchNorm', options.lengths, steps, batch);
    if (lengths && (x.rank < 3 || at < 2))
      throw new ShapeError(
        `[BatchNorm] lengths need x of shape [T, N, …] with the features behind, got ${show(x.shape)} and axis ${this.axis}`,
      );
    return tidy(x.backend, () => {
      const along = x.shape.map((length, axis) => (axis === at ? length : 1));
      const shown = hidePadding(x, lengths);
      const { running_mean: mean, running_var: variance } = this;
      if (!this.inTraining && mean && variance)
        return maskSteps(this.#normalised(shown, reshape(mean, along), reshape(variance, along), along), lengths);
      const seen = this.#statistics(shown, at, lengths);
      if (this.inTraining && seen.count > 0) this.#track(seen);
      return maskSteps(this.#normalised(shown, seen.mean, seen.variance, along), lengths);
    });
  }

  #normalised(x: Tensor, mean: Tensor, variance: Tensor, along: readonly number[]): Tensor {
    let y = multiply(subtract(x, mean), rsqrt(affine(variance, 1, this.epsilon)));
    if (this.weight) y = multiply(y, reshape(this.weight, along));
    return this.bias ? add(y, reshape(this.bias, along)) : y;
  }

  /** Mean and variance of each feature over what counts, in the rank of x. */
  #statistics(x: Tensor, at: number, lengths: Int32Array | null): Statistics {
    const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== at);
    const [steps, batch] = x.shape as [number, number];
    const all = x.size / this.size;
    const count = lengths ? (all / Math.max(1, steps * batch)) * lengths.reduce((a, b) => a + b, 0) : all;
    if (count === 1 && this.inTraining)
      throw new ShapeError(
        `[BatchNorm] training needs more than one value of each feature, got x of shape ${show(x.shape)}; use a larger batch, or eval()`,
      );
    // Of no values the mean is 0, not NaN: the result is empty or hidden.
    const share = 1 / Math.max(1, count);
    const mean = affine(sum(x, others, { keepAxes: true }), share);
    const centred = maskSteps(subtract(x, mean), lengths);
    return { mean, variance: affine(sum(square(centred), others, { keepAxes: true }), share), count };
  }

  #track({ mean, variance, count }: Statistics): void {
    const { running_mean: means, running_var: variances, num_batches_tracked: batches } = this;
    if (!means || !variances || !batches) return;
    const { backend } = means;
    noGrad(backend, () => {
      batches.assign(add(batches, ones(backend, [], { dtype: 'i32' })));
      const unbiased = affine(variance.detach(), count / (count - 1));
      for (const [running, fresh] of [
        [means, mean.detach()],
        [variances, unbiased],
      ] as const) {
        const change = subtract(reshape(fresh, running.shape), running);
        const step = this.momentum === null ? divide(change, cast(batches, 'f32')) : affine(change, this.momentum);
        running.assign(add(running, step));
      }
    });
  }
}
