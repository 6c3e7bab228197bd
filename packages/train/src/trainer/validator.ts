import { ArgumentError, describe, openScope, type Generator } from '@timestep/core';
import { inEvalMode, type Module } from '@timestep/layers';
import type { BestValidation, LossFunction, Metrics, NamedMetrics, ValidationOptions } from './options.ts';
import { keepingGenerators, measure, openBatches } from './evaluate.ts';

/** What a validator remembers; plain JSON. */
export interface ValidatorState {
  readonly best: BestValidation | null;
  /** Validations since then. */
  readonly bad: number;
}

/** Runs validations and remembers the best. */
export class Validator<Model extends Module, Batch> {
  readonly #options: ValidationOptions<Model, Batch>;
  readonly #loss: LossFunction<Model, Batch>;
  readonly #generators: readonly Generator[];
  readonly #metrics: NamedMetrics;
  state: ValidatorState = { best: null, bad: 0 };

  constructor(
    options: ValidationOptions<Model, Batch>,
    loss: LossFunction<Model, Batch>,
    generators: readonly Generator[],
    metrics: NamedMetrics,
  ) {
    const { data, evaluate, metric = 'loss' } = options;
    if (!data && !evaluate) throw new ArgumentError('[Trainer] a validation needs data, evaluate or both');
    if (!data && metric === 'loss')
      throw new ArgumentError(
        "[Trainer] a validation without data has no metric 'loss'; name one that evaluate returns as validation.metric",
      );
    this.#options = options;
    this.#loss = loss;
    this.#generators = generators;
    this.#metrics = metrics;
  }

  get best(): BestValidation | null {
    return this.state.best;
  }

  /** The patience is used up. */
  get isSpent(): boolean {
    return this.state.bad >= (this.#options.patience ?? Infinity);
  }

  isDue(step: number): boolean {
    return step > 0 && step % this.#options.every === 0;
  }

  /** Validates the model as it is; the generators are as before afterwards. */
  async run(
    model: Model,
    step: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly metrics: Metrics; readonly metric: number; readonly isBest: boolean }> {
    const { data, evaluate, metric: name = 'loss' } = this.#options;
    return await keepingGenerators(this.#generators, async () => {
      const { backend } = model.parameters()[0]!;
      const measured =
        data &&
        (await measure(backend, this.#loss, {
          model,
          step,
          data: openBatches('Trainer.validation', data),
          metrics: this.#metrics,
        }));
      if (measured === null)
        throw new ArgumentError('[Trainer] validation.data gave no batch; return a fresh iterable from each call');
      // Entered for as long as the caller's function takes, which may be asynchronous.
      using _scope = openScope(backend, { gradient: false, training: false });
      const own = evaluate && (await inEvalMode(model, () => evaluate(model, signal)));
      const metrics: Metrics = { ...measured, ...own };
      for (const [key, value] of Object.entries<unknown>(metrics))
        if (typeof value !== 'number')
          throw new ArgumentError(
            `[Trainer] expected the metric '${key}' to be a number, got ${describe(value)}; return { ${key}: … } from evaluate, with await tensor.item() where it is a tensor`,
          );
      const metric = metrics[name];
      if (metric === undefined)
        throw new ArgumentError(
          `[Trainer] the validation gave no metric '${name}', only ${Object.keys(metrics).join(', ') || 'none'}; name one of these as validation.metric`,
        );
      const isBest = this.#isBest(metric);
      this.state = isBest ? { best: { step, metrics }, bad: 0 } : { ...this.state, bad: this.state.bad + 1 };
      return { metrics, metric, isBest };
    });
  }

  #isBest(metric: number): boolean {
    const { metric: name = 'loss', mode = 'min', threshold = 0 } = this.#options;
    if (!Number.isFinite(metric)) return false;
    const best = this.state.best?.metrics[name];
    if (best === undefined) return true;
    return mode === 'min' ? metric < best - threshold : metric > best + threshold;
  }
}
