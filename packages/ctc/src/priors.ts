import { ArgumentError, checkValue, is } from '@timestep/core';
import { type Emissions, framesOf } from './emissions.ts';

/**
 * How often a network says each class: the mean of its posteriors over all frames seen, kept while an epoch runs and
 * used in the next (Huang et al. 2024, "Less peaky and more accurate CTC forced alignment by label priors").
 *
 * @example
 * const priors = new LabelPriors(alphabet.length);
 * priors.update({ data: await logits.data(), shape: logits.shape, lengths });  // after each batch
 * const criterion = new CTCLoss({ logPriors: priors.logPriors() });            // in the next epoch
 */
export class LabelPriors {
  readonly classes: number;
  /** Frames seen so far */
  frames = 0;
  readonly #sums: Float64Array;

  /** @param classes C, the blank included */
  constructor(classes: number) {
    checkValue('LabelPriors', 'classes', classes, is.integer(1, 2 ** 24));
    this.classes = classes;
    this.#sums = new Float64Array(classes);
  }

  /**
   * Adds the posteriors of the frames that count. @throws ArgumentError, ShapeError for another number of classes or
   * bad frames
   */
  update(emissions: Emissions): void {
    for (const { data, steps, classes } of framesOf('LabelPriors', emissions, 0)) {
      if (classes !== this.classes)
        throw new ArgumentError(
          `[LabelPriors] expected ${this.classes} classes, got ${classes}; make one LabelPriors a network`,
        );
      for (let k = 0; k < steps * classes; k++) this.#sums[k % classes]! += Math.exp(data[k]!);
      this.frames += steps;
    }
  }

  /** `[C]`: ln of each class's share, none below `floor`. Before any update all classes have the same. */
  logPriors(floor = 1e-8): Float32Array {
    checkValue('LabelPriors.logPriors', 'floor', floor, is.number({ above: 0, max: 1 }));
    return Float32Array.from(this.#sums, (total) =>
      Math.log(Math.max(this.frames === 0 ? 1 / this.classes : total / this.frames, floor)),
    );
  }

  /** Forgets what was seen, for the next epoch. */
  reset(): void {
    this.#sums.fill(0);
    this.frames = 0;
  }
}
