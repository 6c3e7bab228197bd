import type { Generator, State, Tensor } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { DataSource } from '../data/data-source.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Schedule } from '../schedules/schedule.ts';
import type { Storage } from '../storage/storage.ts';
import type { DamagedCheckpoint } from '../checkpoint/checkpoint-store.ts';

/** What a loss function is told besides model and batch. */
export interface LossContext {
  /** The update that this batch belongs to, counted from 0. */
  readonly step: number;
  /** False in a validation. */
  readonly training: boolean;
  /** What the loss of the batch before returned as its state, cut off from its gradient; null at the start. */
  readonly carried: State | null;
}

/**
 * A scalar; or a scalar with the state that the next batch goes on from (truncated backpropagation through time), and
 * with what it is the mean over (tokens, say), by which a validation weighs it.
 */
export type LossResult =
  Tensor | { readonly loss: Tensor; readonly state?: State | null | undefined; readonly count?: number | undefined };

/** Runs the model on a batch; what it makes on the way is freed after the step. It must not be asynchronous. */
export type LossFunction<Model, Batch> = (model: Model, batch: Batch, context: LossContext) => LossResult;

export interface ValidationOptions<Model, Batch> {
  /** Validate after every so many updates. */
  readonly every: number;
  /**
   * Batches whose mean loss is the metric `loss`. Each counts by what its loss is the mean over: the `count` that the loss
   * function returns; else what a loss of this package counted, such as the tokens that its mask keeps; else the size of
   * its arrays, where all of them grow alike; else all count the same.
   */
  readonly data?: (() => Iterable<Batch> | AsyncIterable<Batch>) | undefined;
  /** Metrics of your own, such as an error rate; called in a scope without gradients, with the model in `eval()`. */
  readonly evaluate?: ((model: Model, signal: AbortSignal | undefined) => Metrics | Promise<Metrics>) | undefined;
  /** The metric that decides which model is the best; `loss` by default. */
  readonly metric?: string | undefined;
  /** Whether a smaller or a larger metric is better; `min` by default. */
  readonly mode?: 'min' | 'max' | undefined;
  /** Stop after so many validations without a better metric; never by default. */
  readonly patience?: number | undefined;
  /** How much better counts as better; 0 by default. */
  readonly threshold?: number | undefined;
  /** Load the best model when training ends, unless it was aborted; false by default. */
  readonly restoreBest?: boolean | undefined;
}

export type Metrics = Readonly<Record<string, number>>;

export interface CheckpointOptions {
  /** Write one after every so many updates. One more is written when training ends or is aborted. */
  readonly every: number;
  /** How many are kept; 2 by default and at least. */
  readonly keep?: number | undefined;
  /** Remove those of another run instead of refusing to start in their place; false by default. */
  readonly overwrite?: boolean | undefined;
}

/** How far training is, told after every read-back. */
export interface Progress {
  /** Updates done. */
  readonly step: number;
  /** Updates to do. */
  readonly steps: number;
  /** Mean loss of the updates since the last report. */
  readonly loss: number;
  /** Of the first group, as used by the last update. */
  readonly learningRate: number;
  /** The norm of all gradients in the last update, before clipping. */
  readonly gradientNorm: number;
  /** Over the updates since the last report. */
  readonly stepsPerSecond: number;
  /** Until the last update, at the mean speed of this `fit`. */
  readonly secondsLeft: number;
}

export interface ValidationReport {
  readonly step: number;
  readonly metrics: Metrics;
  /** It has the best metric so far. */
  readonly isBest: boolean;
}

export interface TrainerOptions<Model extends Module, Batch> {
  readonly model: Model;
  readonly loss: LossFunction<Model, Batch>;
  readonly optimizer: Optimizer;
  readonly data: DataSource<Batch>;
  /** How the learning rate changes; constant by default. */
  readonly schedule?: Schedule | undefined;
  /**
   * Batches whose mean gradient makes one update; 1 by default. Where the data end before a group is full, its update is
   * the mean of those that came.
   */
  readonly accumulate?: number | undefined;
  /** Clip the gradients to this common norm. */
  readonly clipNorm?: number | undefined;
  /** Clip every element of the gradients to ± this, before the norm. */
  readonly clipValue?: number | undefined;
  readonly validation?: ValidationOptions<Model, Batch> | undefined;
  /** Where checkpoints, the best model and the log go. */
  readonly storage?: Storage | undefined;
  /** Needs a storage. */
  readonly checkpoints?: CheckpointOptions | undefined;
  /** The name of a log in the storage, one JSON object in a line; none by default. */
  readonly log?: string | undefined;
  /** Read the losses back every so many updates; 10 by default. A device works on in between. */
  readonly readEvery?: number | undefined;
  /** Generators that are part of the run besides those of the model: they are saved and restored. */
  readonly generators?: readonly Generator[] | undefined;
  /**
   * Called with the gradients of an update before they are clipped and used, in a scope without gradients; it may
   * change them in place, as a mean over several machines does.
   */
  readonly onGradients?: ((gradients: readonly Tensor[]) => void | Promise<void>) | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onValidation?: ((report: ValidationReport) => void) | undefined;
  readonly onCheckpoint?: ((name: string, step: number) => void) | undefined;
}

export interface FitOptions {
  /** Updates in all, those before a resumption included. */
  readonly steps: number;
  /** Stops after the update under way; a checkpoint is written. */
  readonly signal?: AbortSignal | undefined;
}

export interface ResumeOptions {
  /**
   * Compare the data with those of the run: the source's fingerprint, or the run's first batch, made again. True by
   * default; pass false to go on with another seed, batch size or data set.
   */
  readonly checkData?: boolean | undefined;
}

export interface FitResult {
  readonly step: number;
  /** `exhausted`: the data ended first. */
  readonly reason: 'steps' | 'stopped early' | 'aborted' | 'exhausted';
  /** Mean loss of the last updates that were read back; null where there was none. */
  readonly loss: number | null;
  /** The best validation; null where there was none. */
  readonly best: BestValidation | null;
}

export interface BestValidation {
  readonly step: number;
  readonly metrics: Metrics;
}

export interface ResumeReport {
  /** The checkpoint that training goes on from. */
  readonly name: string;
  readonly step: number;
  /** Later checkpoints that could not be used; empty where all is well. */
  readonly damaged: readonly DamagedCheckpoint[];
}
