import { ArgumentError, checkValue, is } from '@timestep/core';
import { type Emissions, framesOf } from './emissions.ts';

/**
 * Estimates the prior probability of each class: the mean of a network's posteriors over all frames. Collect it during
 * one epoch and use it in the next (Huang et al. 2024, "Less peaky and more accurate CTC forced alignment by label
 * priors").
 *
 * @throws ArgumentError if `classes` is not a positive integer
 * @example
 * ```ts
 * const priors = new LabelPriors(3);
 * priors.update({ data: [0, 5, 0, 5, 0, 0], shape: [2, 3] }); // after each batch
 * const criterion = new CTCLoss({ logPriors: priors.logPriors() }); // in the next epoch
 * ```
 */
export class LabelPriors {
  readonly classes: number;
  /** Frames seen so far */
  frames = 0;
  readonly #sums: Float64Array;

  /** @param classes C, including the blank */
  constructor(classes: number) {
    checkValue('LabelPriors', 'classes', classes, is.integer(1, 2 ** 24));
    this.classes = classes;
    this.#sums = new Float64Array(classes);
  }

  /**
   * Adds the posteriors of the valid frames.
   *
   * @param emissions logits or log-probabilities, `[T, C]` or `[T, N, C]`
   * @throws ArgumentError if the number of classes differs, or a frame holds a NaN
   * @throws ShapeError if shape and data disagree
   */
  update(emissions: Emissions): void {
    for (const { data, steps, classes } of framesOf('LabelPriors', emissions, 0)) {
      if (classes !== this.classes)
        throw new ArgumentError(
          `[LabelPriors] expected ${this.classes} classes, got ${classes}; create one LabelPriors for each network`,
        );
      for (let k = 0; k < steps * classes; k++) this.#sums[k % classes]! += Math.exp(data[k]!);
      this.frames += steps;
    }
  }

  /**
   * Returns ln of the prior of each class, `[C]`, at least ln `floor`. Before the first update all classes have the
   * same.
   */
  logPriors(floor = 1e-8): Float32Array {
    checkValue('LabelPriors.logPriors', 'floor', floor, is.number({ above: 0, max: 1 }));
    return Float32Array.from(this.#sums, (total) =>
      Math.log(Math.max(this.frames === 0 ? 1 / this.classes : total / this.frames, floor)),
    );
  }

  /** Discards all frames, to begin the next epoch. */
  reset(): void {
    this.#sums.fill(0);
    this.frames = 0;
  }
}
