import { ArgumentError, type Generator } from '@timestep/core';
import type { Module } from '@timestep/layers';
import { CheckpointStore } from '../checkpoint/checkpoint-store.ts';
import type { HostTensor } from '../checkpoint/format.ts';
import { TrainError } from '../errors.ts';
import { constant } from '../schedules/decay.ts';
import { Log, type LogRecord } from './log.ts';
import type { FitOptions, FitResult, ResumeReport, TrainerOptions } from './options.ts';
import { placeOf, restoreSnapshot, returnTo, takeSnapshot, type Place, type RunParts } from './snapshot.ts';
import { Speed } from './speed.ts';
import { Turns } from './turns.ts';
import { Updates, type Settled } from './updates.ts';
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
  readonly #updates: Updates<Model, Batch>;
  readonly #validator: Validator<Model, Batch> | null;
  readonly #store: CheckpointStore | null;
  readonly #log: Log | null;
  readonly #speed = new Speed();
  readonly #turns = new Turns();
  #step = 0;
  #place: Place;
  #loss: number | null = null;
  /** The last good checkpoint, and the step it was written at. */
  #checkpoint: { readonly name: string; readonly step: number } | null = null;
  #running = false;

  constructor(options: TrainerOptions<Model, Batch>) {
    const {
      model,
      optimizer,
      loss,
      data,
      schedule = constant(),
      storage,
      checkpoints,
      validation,
      accumulate = 1,
      clipNorm,
      clipValue,
      onGradients,
    } = options;
    for (const [name, value] of Object.entries({
      accumulate,
      readEvery: options.readEvery ?? 10,
      'checkpoints.every': checkpoints?.every ?? 1,
    })) {
      if (!Number.isInteger(value) || value < 1)
        throw new ArgumentError(`[trainer] expected ${name} to be an integer ≥ 1, got ${value}`);
    }
    for (const [name, value] of Object.entries({ clipNorm, clipValue })) {
      if (value !== undefined && !(value > 0))
        throw new ArgumentError(`[trainer] expected ${name} > 0, got ${value}; leave it out to clip nothing`);
    }
    if (!storage && (checkpoints || options.log !== undefined))
      throw new ArgumentError(
        '[trainer] checkpoints and a log need a storage, such as fileStorage(folder) of @timestep/train/node',
      );
    this.#options = options;
    const generators: readonly Generator[] = [...new Set([...model.generators(), ...(options.generators ?? [])])];
    this.#parts = { model, optimizer, schedule, data, generators };
    this.#updates = new Updates({
      model,
      loss,
      optimizer,
      data,
      accumulate,
      clip: { norm: clipNorm ?? 0, value: clipValue ?? null },
      generators,
      onGradients,
    });
    this.#validator = validation ? new Validator(validation, loss, generators) : null;
    this.#store = storage && checkpoints ? new CheckpointStore(storage, checkpoints.keep ?? 2) : null;
    this.#log = storage && options.log !== undefined ? new Log(storage, options.log) : null;
    this.#place = placeOf(this.#parts);
  }

  /** Updates done. */
  get step(): number {
    return this.#step;
  }

  /**
   * Goes back to the latest checkpoint of the storage that is whole.
   *
   * @returns null where there is none: training starts anew
   * @throws TrainError `CHECKPOINT_DAMAGED` where all are damaged, `CHECKPOINT_MISMATCH` where it is of another run
   */
  async resume(): Promise<ResumeReport | null> {
    if (!this.#store) throw new ArgumentError('[trainer] resume() needs a storage and checkpoints');
    this.#refuseWhileRunning();
    const found = await this.#store.readLatest();
    if (!found) return null;
    const { step, carried, validation } = restoreSnapshot(this.#parts, found.contents, found.name);
    this.#updates.restart(carried);
    if (this.#validator && validation) this.#validator.state = validation;
    this.#step = step;
    this.#place = placeOf(this.#parts);
    this.#checkpoint = { name: found.name, step };
    await this.#log?.rewind(step);
    return { name: found.name, step, damaged: found.damaged };
  }

  /**
   * Trains until `steps` updates are done, the data end, the patience is used up or the signal comes. Call it again to
   * go on.
   *
   * @throws NonFiniteLossError; TrainError `DATA_EXHAUSTED` where the source gave no batch at all; TrainError
   *   `STORAGE_FULL` or `STORAGE_FAILED`; whatever the loss function, the data source or a callback throws
   */
  async fit({ steps, signal }: FitOptions): Promise<FitResult> {
    if (!Number.isInteger(steps) || steps < 0)
      throw new ArgumentError(`[trainer] expected steps to be an integer ≥ 0, got ${steps}`);
    this.#refuseWhileRunning();
    this.#running = true;
    try {
      await this.#prepareStorage();
      await this.#record({ type: 'start', step: this.#step, steps });
      const reason = await this.#loop(steps, signal);
      if (reason === 'aborted') returnTo(this.#parts, this.#place);
      await this.#settle(steps);
      if (this.#step !== this.#checkpoint?.step) await this.#writeCheckpoint();
      if (reason !== 'aborted' && this.#options.validation?.restoreBest) await this.#loadBest();
      await this.#record({ type: 'end', step: this.#step, reason });
      return { step: this.#step, reason, loss: this.#loss, best: this.#validator?.best ?? null };
    } catch (error) {
      // What was not read back is not known to be good.
      this.#updates.restart(null);
      throw error;
    } finally {
      this.#running = false;
    }
  }

  /** Frees what the trainer and its optimiser remember; the model is yours. */
  dispose(): void {
    this.#updates.dispose();
    this.#parts.optimizer.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #loop(steps: number, signal: AbortSignal | undefined): Promise<FitResult['reason']> {
    const { model, readEvery = 10, checkpoints } = this.#options;
    const { optimizer, schedule } = this.#parts;
    model.train();
    this.#speed.start(this.#step);
    while (this.#step < steps) {
      if (signal?.aborted) return 'aborted';
      if (this.#validator?.isSpent) return 'stopped early';
      for (const group of optimizer.groups)
        group.learningRate = group.settings.learningRate * schedule.factor(this.#step);
      const outcome = await this.#updates.run(this.#step, signal);
      if (outcome === 'exhausted' && this.#step === 0)
        throw new TrainError(
          'DATA_EXHAUSTED',
          '[trainer] the data source gave no batch; check that it is not empty, or already at its end',
        );
      if (outcome !== 'done') return outcome;
      this.#step++;
      this.#place = placeOf(this.#parts);
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
    if (isBest) await this.#keepBest();
    await this.#record({ type: 'validation', step: this.#step, ...metrics, isBest });
    this.#options.onValidation?.({ step: this.#step, metrics, isBest });
  }

  /** The best model where no storage keeps it. */
  #best: ReadonlyMap<string, HostTensor> | null = null;

  async #keepBest(): Promise<void> {
    const tensors = await this.#options.model.stateDict();
    if (this.#store)
      await this.#store.writeBest(this.#step, {
        state: { step: this.#step, metrics: this.#validator!.best!.metrics },
        tensors,
      });
    else if (this.#options.validation?.restoreBest) this.#best = tensors;
  }

  async #loadBest(): Promise<void> {
    const best = this.#validator?.best;
    const tensors = this.#store && best ? (await this.#store.readBest(best.step)).tensors : this.#best;
    if (tensors) this.#options.model.loadStateDict(tensors);
  }

  async #writeCheckpoint(): Promise<void> {
    if (!this.#store) return;
    const contents = await takeSnapshot(this.#parts, {
      step: this.#step,
      place: this.#place,
      carried: this.#updates.carried,
      validation: this.#validator?.state ?? null,
    });
    const name = await this.#store.writeCheckpoint(this.#step, contents);
    this.#checkpoint = { name, step: this.#step };
    this.#options.onCheckpoint?.(name, this.#step);
  }

  /** A fresh run does not write among the checkpoints of another, which a later resumption would take for its own. */
  async #prepareStorage(): Promise<void> {
    await this.#options.storage?.clean?.();
    if (!this.#store || this.#checkpoint) return;
    const [other] = await this.#store.list('checkpoint');
    if (!other) return;
    if (!this.#options.checkpoints!.overwrite) {
      throw new ArgumentError(
        `[trainer] the storage holds ${other.name} of another run; call resume() first to go on with it, pass checkpoints.overwrite to remove it, or use another storage`,
      );
    }
    await this.#store.clear();
  }

  async #record(record: LogRecord): Promise<void> {
    await this.#log?.write(record);
  }

  #refuseWhileRunning(): void {
    if (this.#running)
      throw new ArgumentError(
        '[trainer] fit() is under way; await it, or abort it with its signal, before the next call',
      );
  }
}
