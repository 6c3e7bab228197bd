import { add, affine, checkOptions, clone, inScope, is, type OptionRules, type Tensor } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { checkParameters, nameParameters, type NamedParameter, type Parameters } from './parameters.ts';

/** Options of {@link WeightAverage}. */
export interface WeightAverageOptions {
  /** d: how much of the average each update keeps; 0.999 by default. */
  readonly decay?: number | undefined;
}

const rules: OptionRules<WeightAverageOptions> = { decay: is.optional(is.number({ min: 0, below: 1 })) };

/**
 * An exponential moving average of weights: the first update copies them, each later one computes ā = d·ā + (1 − d)·p. As
 * `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn(d)` (Polyak and Juditsky 1992). It often generalizes
 * better than the last weights of a run.
 *
 * Pass it to a `Trainer` as `average`: the trainer updates it and saves it in checkpoints. Without a Trainer, call
 * `update` after each step of the optimizer.
 *
 * @throws ArgumentError for a parameter given twice, none at all, an unknown option or a wrong value
 * @example
 * ```ts
 * const average = new WeightAverage(model.namedParameters(), { decay: 0.999 });
 * const trainer = new Trainer({ model, loss, optimizer, data, average });
 * await trainer.fit({ epochs: 10 });
 * average.swap(); // the model has the averaged weights now
 * ```
 */
export class WeightAverage {
  readonly #decay: number;
  readonly #parameters: readonly NamedParameter[];
  #averages: readonly Tensor[] | null = null;

  /** @param parameters tensors, or `[name, tensor]` pairs such as `model.namedParameters()` */
  constructor(parameters: Parameters, options: WeightAverageOptions = {}) {
    checkOptions('WeightAverage', options, rules);
    this.#decay = options.decay ?? 0.999;
    this.#parameters = nameParameters('WeightAverage', parameters, 0);
    checkParameters('WeightAverage', this.#parameters);
  }

  /** Adds the present weights to the average. It reads nothing back. */
  update(): void {
    const [decay, averages] = [this.#decay, this.#averages];
    this.#withoutGradient(() => {
      if (averages === null) this.#averages = this.#parameters.map(({ parameter }) => unowned(clone(parameter)));
      else
        this.#parameters.forEach(({ parameter }, index) => {
          const average = averages[index]!;
          average.assign(add(affine(average, decay), affine(parameter, 1 - decay)));
        });
    });
  }

  /**
   * Exchanges the weights and their average: the model has the averaged weights until the next call. Does nothing before
   * the first update.
   */
  swap(): void {
    const averages = this.#averages;
    if (averages === null) return;
    this.#withoutGradient(() => {
      this.#parameters.forEach(({ parameter }, index) => {
        const weights = clone(parameter);
        parameter.assign(averages[index]!);
        averages[index]!.assign(weights);
      });
    });
  }

  /** Returns the averages by the names of their parameters; none before the first update. */
  tensors(): ReadonlyMap<string, Tensor> {
    return new Map((this.#averages ?? []).map((average, index) => [this.#parameters[index]!.name, average]));
  }

  /**
   * Restores what `tensors` returned, read back to the host.
   *
   * @param tensors the values by name; an empty map starts anew
   * @throws Error for other names or sizes; nothing changes then
   */
  restore(tensors: ReadonlyMap<string, { readonly data: ArrayLike<number> }>): void {
    this.check(tensors);
    if (tensors.size === 0) {
      this.dispose();
      return;
    }
    if (this.#averages === null) this.update();
    this.#parameters.forEach(({ name }, index) =>
      this.#averages![index]!.assign(Float32Array.from(tensors.get(name)!.data)),
    );
  }

  /**
   * Checks that `restore` would accept tensors. It changes nothing.
   *
   * @throws Error for other names or sizes
   */
  check(tensors: ReadonlyMap<string, { readonly data: ArrayLike<number> }>): void {
    if (tensors.size === 0) return;
    const names = this.#parameters.map(({ name }) => name);
    const wrong = names.find(
      (name, index) => tensors.get(name)?.data.length !== this.#parameters[index]!.parameter.size,
    );
    if (wrong !== undefined || tensors.size !== names.length)
      throw new Error(`its averages are of other parameters${wrong === undefined ? '' : `: '${wrong}' differs`}`);
  }

  /** Frees the averages. */
  dispose(): void {
    for (const average of this.#averages ?? []) average.dispose();
    this.#averages = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #withoutGradient(body: () => void): void {
    inScope(this.#parameters[0]!.parameter.backend, { gradient: false }, body);
  }
}
