import { ArgumentError, checkOptions, checkValue, type Backend } from '@timestep/core';
import type { HostTensor, Module } from '@timestep/layers';
import { owning } from '../storage/storage.ts';
import { keepingGenerators, measure, openBatches, predictAll } from './evaluate.ts';
import { Limit } from './limit.ts';
import type {
  Batches,
  EvaluateOptions,
  FitOptions,
  FitResult,
  Metrics,
  ResumeOptions,
  ResumeReport,
  TrainerOptions,
} from './options.ts';
import { batchesRule, checkTrainerOptions, evaluateRules, fitRules, resumeRules } from './rules.ts';
import { Run } from './run.ts';
import { inTrainMode } from './train-mode.ts';

/**
 * Trains a model: batches from a data source through a loss into an optimizer, with validation, checkpoints and a log.
 * It waits for the device only where losses are read back. One tape a step; nothing has to be disposed by hand.
 *
 * A run that is killed at any moment and resumed ends with the very bits of one that was not, on backends whose
 * operations are deterministic.
 *
 * ```ts
 * const trainer = new Trainer({
 *   model,
 *   loss: (model, batch) => crossEntropyLoss(model.forward(tensor(backend, batch.x)), tensor(backend, batch.y)),
 *   optimizer: new Adam(model.namedParameters(), { learningRate: 3e-4 }),
 *   data: epochData((random) => shuffledBatches(examples.length, 32, random), (indices) => load(indices), { seed: 1 }),
 *   schedule: cosine({ steps: 2000, warmup: 100 }),
 *   clipNorm: 1,
 *   storage: fileStorage('runs/one'),
 *   checkpoints: { every: 200 },
 * });
 * await trainer.resume();                       // does nothing where there is no checkpoint
 * await trainer.fit({ steps: 2000 });
 * ```
 *
 * @throws ArgumentError for options that do not fit, and what its methods name
 */
export class Trainer<Model extends Module, Batch> {
  readonly #options: TrainerOptions<Model, Batch>;
  readonly #run: Run<Model, Batch>;
  #running = false;

  /** @throws ArgumentError for unknown or bad options, and for some that do not go together */
  constructor(options: TrainerOptions<Model, Batch>) {
    checkTrainerOptions(options);
    this.#options = options;
    this.#run = new Run(options);
  }

  /** Updates done. */
  get step(): number {
    return this.#run.step;
  }

  /**
   * Restores the latest intact checkpoint in the storage. If there is none, it only clears the log of a run that was
   * killed before its first checkpoint.
   *
   * @returns a report, or null if there is no checkpoint and training starts from the beginning
   * @throws TrainError `CHECKPOINT_DAMAGED` if all are damaged, `CHECKPOINT_MISMATCH` for another run or other data
   *   (nothing changes then), `STORAGE_LOCKED` while another run uses the storage
   */
  async resume(options: ResumeOptions = {}): Promise<ResumeReport | null> {
    checkOptions('Trainer.resume', options, resumeRules);
    if (!this.#run.resumes) throw new ArgumentError('[Trainer] resume() needs a storage and checkpoints');
    return await this.#exclusively(() => this.#run.resume(options));
  }

  /**
   * Trains until `steps` updates are done, the data end, early stopping applies, or the signal aborts. Call it again to
   * continue. Parts of the model that you set to `eval()` stay in `eval()`. If the whole model is in `eval()`, it
   * trains in `train()` and returns to `eval()` afterwards.
   *
   * @throws NonFiniteLossError; TrainError `DATA_EXHAUSTED` if the source has no batch; TrainError `STORAGE_FULL`,
   *   `STORAGE_FAILED`, or `STORAGE_LOCKED` while another run uses the storage; ArgumentError for a loss that isn't a
   *   scalar or depends on parameters that the optimizer does not have; any error of the loss function, the data source
   *   or a callback
   */
  async fit(options: FitOptions = {}): Promise<FitResult> {
    checkOptions('Trainer.fit', options, fitRules);
    const limit = new Limit(options, this.#options.data);
    return await this.#exclusively(() => inTrainMode(this.#options.model, () => this.#run.fit(options, limit)));
  }

  /**
   * Computes the mean loss and the metrics over batches, in evaluation mode and without gradients. The model's modes and
   * the random generators are as before afterwards. With an `average`, the averaged weights are used.
   *
   * @param data batches, or a function that returns them
   * @returns `loss`, and each of the trainer's `metrics` by name
   * @throws ArgumentError while `fit` is running, for data without a batch, and where a metric gets no predictions; any
   *   error of the loss function; the signal's reason
   * @example
   * ```ts
   * const { loss, accuracy } = await trainer.evaluate(testBatches);
   * ```
   */
  async evaluate(data: Batches<Batch>, options: EvaluateOptions = {}): Promise<Metrics> {
    checkValue('Trainer.evaluate', 'data', data, batchesRule);
    checkOptions('Trainer.evaluate', options, evaluateRules);
    return await this.#alone(() =>
      keepingGenerators(this.#run.generators, () =>
        this.#run.withAverage(async () => {
          const { model, loss, metrics = {} } = this.#options;
          const { step } = this;
          const batches = openBatches('Trainer.evaluate', data);
          const measured = await measure(this.#backend, loss, { model, step, data: batches, metrics, ...options });
          if (measured === null) throw new ArgumentError('[Trainer.evaluate] expected at least one batch, got none');
          return measured;
        }),
      ),
    );
  }

  /**
   * Computes the predictions of each batch, in evaluation mode and without gradients: those of the option `predict`, or
   * those that the loss function returns. A state that they return is passed to the next batch. With an `average`, the
   * averaged weights are used.
   *
   * @param data batches, or a function that returns them
   * @returns the predictions of each batch on the host, with their shape
   * @throws ArgumentError while `fit` is running, and where there are no predictions; any error of the functions; the
   *   signal's reason
   * @example
   * ```ts
   * for (const { data, shape } of await trainer.predict(batches)) console.log(shape, data);
   * ```
   */
  async predict(data: Batches<Batch>, options: EvaluateOptions = {}): Promise<HostTensor[]> {
    checkValue('Trainer.predict', 'data', data, batchesRule);
    checkOptions('Trainer.predict', options, evaluateRules);
    const { model, loss, predict } = this.#options;
    return await this.#alone(() =>
      this.#run.withAverage(() =>
        predictAll(
          this.#backend,
          { loss, predict },
          { model, step: this.step, data: openBatches('Trainer.predict', data), ...options },
        ),
      ),
    );
  }

  /** Frees the state of the trainer and its optimizer, but not the model. */
  dispose(): void {
    this.#run.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  get #backend(): Backend {
    return this.#options.optimizer.parameters[0]!.parameter.backend;
  }

  /** Runs `body` exclusively: no other call of this trainer and no other run in its storage at the same time. */
  async #exclusively<Result>(body: () => Promise<Result>): Promise<Result> {
    return await this.#alone(() => owning(this.#run.writes ? this.#options.storage : undefined, body));
  }

  async #alone<Result>(body: () => Promise<Result>): Promise<Result> {
    if (this.#running)
      throw new ArgumentError(
        '[Trainer] fit() is under way; await it, or abort it with its signal, before the next call',
      );
    this.#running = true;
    try {
      return await body();
    } finally {
      this.#running = false;
    }
  }
}
