import { ArgumentError, openScope, type Backend, type Generator, type State, type Tensor } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { BestValidation, LossFunction, Metrics, ValidationOptions } from './options.ts';
import { disposeState, runBatch, type Backpropagated } from './update.ts';

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
  state: ValidatorState = { best: null, bad: 0 };

  constructor(
    options: ValidationOptions<Model, Batch>,
    loss: LossFunction<Model, Batch>,
    generators: readonly Generator[],
  ) {
    const { every, patience = 1, threshold = 0, data, evaluate, metric = 'loss' } = options;
    if (!Number.isInteger(every) || every < 1)
      throw new ArgumentError(`[trainer] expected validation.every to be an integer ≥ 1, got ${every}`);
    if (!Number.isInteger(patience) || patience < 1)
      throw new ArgumentError(`[trainer] expected validation.patience to be an integer ≥ 1, got ${patience}`);
    if (!(threshold >= 0)) throw new ArgumentError(`[trainer] expected validation.threshold ≥ 0, got ${threshold}`);
    if (!data && !evaluate) throw new ArgumentError('[trainer] a validation needs data, evaluate or both');
    if (!data && metric === 'loss')
      throw new ArgumentError(
        "[trainer] a validation without data has no metric 'loss'; name one that evaluate returns as validation.metric",
      );
    this.#options = options;
    this.#loss = loss;
    this.#generators = generators;
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
    const random = this.#generators.map(({ state }) => state);
    const modes = model.modules().map((module) => [module, module.training] as const);
    model.eval();
    try {
      const { backend } = model.parameters()[0]!;
      const losses = data ? { loss: await this.#meanLoss(backend, model, step, data()) } : {};
      // Entered for as long as the caller's function takes, which may be asynchronous.
      using _scope = openScope(backend, { gradient: false, training: false });
      const metrics: Metrics = { ...losses, ...(await evaluate?.(model, signal)) };
      const metric = metrics[name];
      if (metric === undefined)
        throw new ArgumentError(
          `[trainer] the validation gave no metric '${name}', only ${Object.keys(metrics).join(', ') || 'none'}; name one of these as validation.metric`,
        );
      const isBest = this.#isBest(metric);
      this.state = isBest ? { best: { step, metrics }, bad: 0 } : { ...this.state, bad: this.state.bad + 1 };
      return { metrics, metric, isBest };
    } finally {
      for (const [module, training] of modes) module.training = training;
      this.#generators.forEach((generator, index) => (generator.state = random[index]!));
    }
  }

  #isBest(metric: number): boolean {
    const { metric: name = 'loss', mode = 'min', threshold = 0 } = this.#options;
    if (!Number.isFinite(metric)) return false;
    const best = this.state.best?.metrics[name];
    if (best === undefined) return true;
    return mode === 'min' ? metric < best - threshold : metric > best + threshold;
  }

  async #meanLoss(
    backend: Backend,
    model: Model,
    step: number,
    batches: Iterable<Batch> | AsyncIterable<Batch>,
  ): Promise<number> {
    const losses: Tensor[] = [];
    let carried: State | null = null;
    try {
      for await (const batch of batches) {
        const result: Backpropagated = runBatch(backend, this.#loss, {
          model,
          batch,
          context: { step, training: false, carried },
          scale: null,
        });
        losses.push(result.loss);
        disposeState(carried);
        carried = result.carried;
      }
      if (losses.length === 0)
        throw new ArgumentError('[trainer] validation.data gave no batch; return a fresh iterable from each call');
      const values = await backend.readMany(losses.map(({ buffer }) => buffer));
      return values.reduce((sum, value) => sum + value[0]! / losses.length, 0);
    } finally {
      for (const loss of losses) loss.dispose();
      disposeState(carried);
    }
  }
}
