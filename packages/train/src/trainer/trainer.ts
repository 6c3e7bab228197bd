import { ArgumentError, checkOptions, type Generator } from '@timestep/core';
import type { Module } from '@timestep/layers';
import { CheckpointStore } from '../checkpoint/checkpoint-store.ts';
import { TrainError } from '../errors.ts';
import { constantRate } from '../schedules/decay.ts';
import { owning } from '../storage/storage.ts';
import { BestModel } from './best-model.ts';
import { Log, type LogRecord } from './log.ts';
import type { FitOptions, FitResult, ResumeOptions, ResumeReport, TrainerOptions } from './options.ts';
import { fitRules, resumeRules, checkTrainerOptions } from './rules.ts';
import { positionOf, restorePosition, type Position } from './run-state.ts';
import { applySchedule } from './schedule-rate.ts';
import { restoreSnapshot, takeSnapshot, type RunParts } from './snapshot.ts';
import { Speed } from './speed.ts';
import { inTrainMode } from './train-mode.ts';
import { Turns } from './turns.ts';
import { UpdateQueue, type Settled } from './update-queue.ts';
import { Validator } from './validator.ts';

/** How long a loop that never waits may keep timers and signals waiting, in milliseconds. */
const turnEvery = 50;

/**
 * Trains a model: batches from a data source through a loss into an optimiser, with validation, checkpoints and a log.
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
 */
export class Trainer<Model extends Module, Batch> {
  readonly #options: TrainerOptions<Model, Batch>;
  readonly #parts: RunParts;
  readonly #updates: UpdateQueue<Model, Batch>;
  readonly #validator: Validator<Model, Batch> | null;
  readonly #store: CheckpointStore | null;
  readonly #best: BestModel;
  readonly #log: Log | null;
  readonly #speed = new Speed();
  readonly #turns = new Turns();
  #step = 0;
  #position: Position;
  #loss: number | null = null;
  /** The last good checkpoint, and the step it was written at. */
  #checkpoint: { readonly name: string; readonly step: number } | null = null;
  #running = false;
  /** The log holds the records of this run up to here: it needs no other start. */
  #logBegun = false;

  /** @throws ArgumentError for unknown or bad options, and for some that do not go together */
  constructor(options: TrainerOptions<Model, Batch>) {
    checkTrainerOptions(options);
    const { model, optimizer, loss, data, storage, checkpoints, validation, clipNorm, clipValue } = options;
    this.#options = options;
    const generators: readonly Generator[] = [...new Set([...model.generators(), ...(options.generators ?? [])])];
    this.#parts = { model, optimizer, schedule: options.schedule ?? constantRate(), data, generators };
    this.#updates = new UpdateQueue({
      model,
      loss,
      optimizer,
      data,
      accumulate: options.accumulate ?? 1,
      clip: { norm: clipNorm ?? 0, value: clipValue ?? null },
      generators,
      onGradients: options.onGradients,
      takeProbe: checkpoints !== undefined,
    });
    this.#validator = validation ? new Validator(validation, loss, generators) : null;
    this.#store = storage && checkpoints ? new CheckpointStore(storage, checkpoints.keep ?? 2) : null;
    this.#best = new BestModel(model, this.#store, validation?.restoreBest ?? false);
    this.#log = storage && options.log !== undefined ? new Log(storage, options.log) : null;
    this.#position = positionOf(this.#parts);
  }

  /** Updates done. */
  get step(): number {
    return this.#step;
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
    const store = this.#store;
    if (!store) throw new ArgumentError('[Trainer] resume() needs a storage and checkpoints');
    return await this.#exclusively(async () => {
      const found = await store.readLatest();
      if (!found) {
        if (this.#step === 0) await this.#log?.clear();
        return null;
      }
      const { name, step, damaged } = found;
      const { checkData = true } = options;
      const restored = await restoreSnapshot(this.#parts, found.contents, { name, step, checkData });
      this.#updates.restart(restored.carried);
      this.#updates.probe = checkData ? restored.probe : null;
      if (this.#validator && restored.validation) this.#validator.state = restored.validation;
      this.#best.name = restored.best;
      this.#step = step;
      this.#position = positionOf(this.#parts);
      this.#checkpoint = { name, step };
      this.#logBegun = (await this.#log?.rewind(step)) ?? false;
      await store.removeUnnamed(restored.best);
      return { name, step, damaged };
    });
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
  async fit(options: FitOptions): Promise<FitResult> {
    checkOptions('Trainer.fit', options, fitRules);
    return await this.#exclusively(() => inTrainMode(this.#options.model, () => this.#fit(options)));
  }

  /** Frees the state of the trainer and its optimizer, but not the model. */
  dispose(): void {
    this.#updates.dispose();
    this.#parts.optimizer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Runs `body` exclusively: no other call of this trainer and no other run in its storage at the same time. */
  async #exclusively<Result>(body: () => Promise<Result>): Promise<Result> {
    if (this.#running)
      throw new ArgumentError(
        '[Trainer] fit() is under way; await it, or abort it with its signal, before the next call',
      );
    this.#running = true;
    try {
      return await owning(this.#store || this.#log ? this.#options.storage : undefined, body);
    } finally {
      this.#running = false;
    }
  }

  async #fit({ steps, signal }: FitOptions): Promise<FitResult> {
    try {
      await this.#prepareStorage();
      if (!this.#logBegun) await this.#record({ type: 'start', step: this.#step, steps });
      this.#logBegun = false;
      const reason = await this.#loop(steps, signal);
      if (reason === 'aborted') restorePosition(this.#parts, this.#position);
      await this.#settle(steps);
      if (this.#step !== this.#checkpoint?.step) await this.#writeCheckpoint();
      if (reason !== 'aborted' && this.#options.validation?.restoreBest) await this.#best.load();
      await this.#record({ type: 'end', step: this.#step, reason });
      return { step: this.#step, reason, loss: this.#loss, best: this.#validator?.best ?? null };
    } catch (error) {
      // Updates that were not read back may be bad.
      this.#updates.restart(null);
      throw error;
    }
  }

  async #loop(steps: number, signal: AbortSignal | undefined): Promise<FitResult['reason']> {
    const { readEvery = 10, checkpoints } = this.#options;
    const { optimizer, schedule } = this.#parts;
    this.#speed.start(this.#step);
    while (this.#step < steps) {
      if (signal?.aborted) return 'aborted';
      if (this.#validator?.isSpent) return 'stopped early';
      applySchedule(optimizer, schedule, this.#step);
      const outcome = await this.#updates.run(this.#step, signal);
      if (outcome === 'exhausted' && this.#step === 0)
        throw new TrainError(
          'DATA_EXHAUSTED',
          '[Trainer] the data source gave no batch; check that it is not empty, or already at its end',
        );
      if (outcome !== 'done') return outcome;
      this.#step++;
      this.#position = positionOf(this.#parts);
      const validationDue = this.#validator?.isDue(this.#step) ?? false;
      const checkpointDue = checkpoints !== undefined && this.#step % checkpoints.every === 0;
      if (validationDue || checkpointDue || this.#step % readEvery === 0) await this.#settle(steps);
      if (validationDue) await this.#validate(signal);
      if (checkpointDue) await this.#writeCheckpoint();
      await this.#turns.take(turnEvery);
    }
    return 'steps';
  }

  /** Reads the losses back and tells of them. */
  async #settle(steps: number): Promise<void> {
    const settled = await this.#updates.settle(this.#checkpoint?.name ?? null);
    if (!settled) return;
    this.#loss = settled.loss;
    await this.#report(steps, settled);
  }

  async #report(steps: number, { loss, gradientNorm }: Settled): Promise<void> {
    const { stepsPerSecond, secondsLeft, seconds } = this.#speed.at(this.#step, steps);
    const { learningRate } = this.#parts.optimizer.groups[0]!;
    await this.#record({ type: 'train', step: this.#step, loss, learningRate, gradientNorm, seconds });
    this.#options.onProgress?.({
      step: this.#step,
      steps,
      loss,
      learningRate,
      gradientNorm,
      stepsPerSecond,
      secondsLeft,
    });
  }

  async #validate(signal: AbortSignal | undefined): Promise<void> {
    const { metrics, metric, isBest } = await this.#validator!.run(this.#options.model, this.#step, signal);
    this.#parts.schedule.observe?.(metric);
    if (isBest) await this.#best.keep(this.#validator!.best!);
    await this.#record({ type: 'validation', step: this.#step, ...metrics, isBest });
    this.#options.onValidation?.({ step: this.#step, metrics, isBest });
  }

  async #writeCheckpoint(): Promise<void> {
    if (!this.#store) return;
    const contents = await takeSnapshot(this.#parts, {
      step: this.#step,
      position: this.#position,
      carried: this.#updates.carried,
      validation: this.#validator?.state ?? null,
      best: this.#best.name,
      probe: this.#updates.probe,
    });
    const name = await this.#store.writeCheckpoint(this.#step, contents);
    this.#checkpoint = { name, step: this.#step };
    this.#options.onCheckpoint?.(name, this.#step);
  }

  /** A fresh run does not write among the checkpoints of another, which a later resumption would take for its own. */
  async #prepareStorage(): Promise<void> {
    const { storage, checkpoints } = this.#options;
    if (!storage) return;
    await storage.clean?.();
    if (!this.#store) {
      await this.#log?.mend();
      return;
    }
    const other = await this.#store.newest();
    if (this.#checkpoint) {
      if (other && other.step > this.#checkpoint.step)
        throw new ArgumentError(
          `[Trainer] another run has written ${other.name} since this one was at step ${this.#checkpoint.step}; call resume() to go on from there, or use another storage`,
        );
      return;
    }
    if (other && !checkpoints!.overwrite)
      throw new ArgumentError(
        `[Trainer] the storage holds ${other.name} of another run; call resume() first to go on with it, pass checkpoints.overwrite to remove it, or use another storage`,
      );
    await this.#store.clear();
    // What a run wrote that never came to a checkpoint, or that is overwritten.
    if (this.#step === 0) await this.#log?.clear();
  }

  async #record(record: LogRecord): Promise<void> {
    await this.#log?.write(record);
  }
}
