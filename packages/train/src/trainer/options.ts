import type { Generator, State, Tensor } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { DataSource } from '../data/data-source.ts';
import type { PredictionMetric, Values } from '../metrics/metric.ts';
import type { WeightAverage } from '../optimizers/weight-average.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Schedule } from '../schedules/schedule.ts';
import type { Storage } from '../storage/storage.ts';
import type { DamagedCheckpoint } from '../checkpoint/checkpoint-store.ts';

/** The context of a loss function's call. */
export interface LossContext {
  /** The update that this batch belongs to, counted from 0. */
  readonly step: number;
  /** False in a validation. */
  readonly training: boolean;
  /**
   * The state that the loss function returned for the previous batch, detached from its gradient; null at the start.
   */
  readonly carried: State | null;
}

/**
 * The result of a loss function: a scalar, or a scalar with more. `state` is passed to the next batch, for truncated
 * backpropagation through time. `count` is the number of elements that the loss averages over, such as tokens;
 * validation weights the batch by it.
 */
export type LossResult = Tensor | (MeasuredLoss & { readonly state?: State | null | undefined });

/** A loss with what metrics need. */
export interface MeasuredLoss {
  readonly loss: Tensor;
  readonly count?: number | undefined;
  /** For the metrics and for `Trainer.predict`, such as logits. Read only where one of them asks. */
  readonly predictions?: Tensor | undefined;
  /** For the metrics, such as class indices. */
  readonly targets?: Tensor | Values | undefined;
  /** For the metrics: 1 where a target counts and 0 where it does not. */
  readonly mask?: Tensor | Values | null | undefined;
}

/** Metrics of predictions and targets, by name. */
export type NamedMetrics = Readonly<Record<string, PredictionMetric>>;

/** Batches to evaluate or predict: an iterable, or a function that returns one. */
export type Batches<Batch> = Iterable<Batch> | AsyncIterable<Batch> | (() => Iterable<Batch> | AsyncIterable<Batch>);

/** Computes the loss of a batch. It must be synchronous. The trainer frees the tensors that it creates. */
export type LossFunction<Model, Batch> = (model: Model, batch: Batch, context: LossContext) => LossResult;

/** Options of the validation during training. */
export interface ValidationOptions<Model, Batch> {
  /** The number of updates between validations. */
  readonly every: number;
  /**
   * Batches whose mean loss is the metric `loss`, and which the trainer's `metrics` measure. The mean weights each batch by the `count` that the loss function
   * returns; otherwise by the number of elements that a loss of this package averaged over, such as unmasked tokens;
   * otherwise by the size of its arrays, if all of them scale alike; otherwise equally.
   */
  readonly data?: (() => Iterable<Batch> | AsyncIterable<Batch>) | undefined;
  /**
   * Computes additional metrics, such as an error rate. It runs in a scope without gradients, with the model in
   * `eval()`.
   */
  readonly evaluate?: ((model: Model, signal: AbortSignal | undefined) => Metrics | Promise<Metrics>) | undefined;
  /** The metric that decides which model is the best; `loss` by default. */
  readonly metric?: string | undefined;
  /** Whether a smaller or a larger metric is better; `min` by default. */
  readonly mode?: 'min' | 'max' | undefined;
  /** Stop after this number of validations without improvement; never by default. */
  readonly patience?: number | undefined;
  /** The smallest change that counts as an improvement; 0 by default. */
  readonly threshold?: number | undefined;
  /** Load the best model when training ends, unless it was aborted; false by default. */
  readonly restoreBest?: boolean | undefined;
}

/** The results of a validation, by name. */
export type Metrics = Readonly<Record<string, number>>;

/** Options of the checkpoints of a run. */
export interface CheckpointOptions {
  /** The number of updates between checkpoints. Another one is written when training ends or is aborted. */
  readonly every: number;
  /** The number of checkpoints to keep; 2 by default and at least. */
  readonly keep?: number | undefined;
  /** Remove the checkpoints of another run instead of throwing an error; false by default. */
  readonly overwrite?: boolean | undefined;
}

/** The progress of training, reported after each read-back. */
export interface Progress {
  /** Updates done. */
  readonly step: number;
  /** Updates to do; an estimate where `fit` counts epochs. */
  readonly steps: number;
  /** Mean loss of the updates since the last report. */
  readonly loss: number;
  /** The learning rate of the first group in the last update. */
  readonly learningRate: number;
  /** The norm of all gradients in the last update, before clipping. */
  readonly gradientNorm: number;
  /** The speed since the last report. */
  readonly stepsPerSecond: number;
  /** The estimated time until the last update, in seconds, at the mean speed of this `fit`. */
  readonly secondsLeft: number;
}

/** The report of one validation. */
export interface ValidationReport {
  readonly step: number;
  readonly metrics: Metrics;
  /** Whether it has the best metric so far. */
  readonly isBest: boolean;
}

/** What a run tells while it trains. The trainer waits for a listener that returns a promise. */
export interface TrainerListener {
  readonly onProgress?: ((progress: Progress) => unknown) | undefined;
  readonly onValidation?: ((report: ValidationReport) => unknown) | undefined;
  readonly onCheckpoint?: ((name: string, step: number) => unknown) | undefined;
  /** Called when `fit` ends without an error. */
  readonly onEnd?: ((result: FitResult) => unknown) | undefined;
}

/** Computes predictions, or predictions and the state for the next batch. It must be synchronous. */
export type PredictFunction<Model, Batch> = (
  model: Model,
  batch: Batch,
  context: LossContext,
) => Tensor | { readonly predictions: Tensor; readonly state?: State | null | undefined };

/** Options of {@link Trainer}. */
export interface TrainerOptions<Model extends Module, Batch> extends TrainerListener {
  readonly model: Model;
  readonly loss: LossFunction<Model, Batch>;
  readonly optimizer: Optimizer;
  readonly data: DataSource<Batch>;
  /** How the learning rate changes; constant by default. */
  readonly schedule?: Schedule | undefined;
  /**
   * The number of batches whose mean gradient makes one update; 1 by default. If the data end within a group, the
   * update uses the mean of the batches that are there.
   */
  readonly accumulate?: number | undefined;
  /** Clip the gradients to this common norm. */
  readonly clipNorm?: number | undefined;
  /** Clip every element of the gradients to ± this, before the norm. */
  readonly clipValue?: number | undefined;
  readonly validation?: ValidationOptions<Model, Batch> | undefined;
  /**
   * Metrics of `validation.data` and of `evaluate`, by name, such as `{ accuracy: new Accuracy() }`. The loss function
   * returns the `predictions` and `targets` for them.
   */
  readonly metrics?: NamedMetrics | undefined;
  /** Computes the predictions of a batch for `predict`; by default those that the loss function returns. */
  readonly predict?: PredictFunction<Model, Batch> | undefined;
  /**
   * A moving average of the weights. Validations, the best model, `evaluate` and `predict` use the averaged weights.
   */
  readonly average?: WeightAverage | undefined;
  /** Where checkpoints, the best model and the log go. */
  readonly storage?: Storage | undefined;
  /** Needs a storage. */
  readonly checkpoints?: CheckpointOptions | undefined;
  /** The name of a log in the storage, one JSON object in a line; none by default. */
  readonly log?: string | undefined;
  /** The number of updates between reads of the losses; 10 by default. The device keeps working in between. */
  readonly readEvery?: number | undefined;
  /** Additional random generators of the run, saved and restored like those of the model. */
  readonly generators?: readonly Generator[] | undefined;
  /**
   * Called with the gradients of an update before they are clipped, in a scope without gradients. It may change them in
   * place, for example to average them over several machines.
   */
  readonly onGradients?: ((gradients: readonly Tensor[]) => void | Promise<void>) | undefined;
  /** Further listeners, called in order after the functions above. */
  readonly listeners?: readonly TrainerListener[] | undefined;
}

/** Options of {@link Trainer.fit}. */
export interface FitOptions {
  /** The total number of updates, including those before a resumption. Give `steps`, `epochs` or both. */
  readonly steps?: number | undefined;
  /**
   * The total number of passes over the data, including those before a resumption. With `steps` too, training ends with
   * what comes first. The data source must count its epochs, as `epochData` and `windowData` do.
   */
  readonly epochs?: number | undefined;
  /** Stops training after the current update and writes a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Trainer.evaluate} and {@link Trainer.predict}. */
export interface EvaluateOptions {
  /** Stops after the current batch, with the signal's reason as the error. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Trainer.resume}. */
export interface ResumeOptions {
  /**
   * Check that the data are those of the run, by the source's fingerprint or by recomputing the run's first batch. True
   * by default. Pass false to continue with another seed, batch size or data set.
   */
  readonly checkData?: boolean | undefined;
}

/** The result of {@link Trainer.fit}. */
export interface FitResult {
  readonly step: number;
  /** Why training ended; `exhausted` means that the data ended first. */
  readonly reason: 'steps' | 'epochs' | 'stopped early' | 'aborted' | 'exhausted';
  /** Mean loss of the last updates that were read back; null if there were none. */
  readonly loss: number | null;
  /** The best validation; null if there was none. */
  readonly best: BestValidation | null;
}

/** The validation with the best metric so far. */
export interface BestValidation {
  readonly step: number;
  readonly metrics: Metrics;
}

/** The report of {@link Trainer.resume}. */
export interface ResumeReport {
  /** The checkpoint that training continues from. */
  readonly name: string;
  readonly step: number;
  /** Later checkpoints that are damaged; usually empty. */
  readonly damaged: readonly DamagedCheckpoint[];
}
