import type { Generator } from '@timestep/core';
import type { Module } from '@timestep/layers';
import { CheckpointStore } from '../checkpoint/checkpoint-store.ts';
import { TrainError } from '../errors.ts';
import { constantRate } from '../schedules/decay.ts';
import { Announcer } from './announcer.ts';
import { BestModel } from './best-model.ts';
import type { Limit } from './limit.ts';
import { Log, type LogRecord } from './log.ts';
import type { FitOptions, FitResult, ResumeOptions, ResumeReport, TrainerOptions } from './options.ts';
import { prepareStorage } from './prepare-storage.ts';
import { positionOf, restorePosition, type Position } from './run-state.ts';
import { applySchedule } from './schedule-rate.ts';
import { restoreSnapshot, takeSnapshot, type RunParts } from './snapshot.ts';
import { Speed } from './speed.ts';
import { Turns } from './turns.ts';
import { UpdateQueue, type Settled } from './update-queue.ts';
import { Validator } from './validator.ts';

/** How long a loop that never waits may keep timers and signals waiting, in milliseconds. */
const turnEvery = 50;

/** The state of a run and its loop. A Trainer checks the calls and lets one of them in at a time. */
export class Run<Model extends Module, Batch> {
  readonly #options: TrainerOptions<Model, Batch>;
  readonly #parts: RunParts;
  readonly #updates: UpdateQueue<Model, Batch>;
  readonly #validator: Validator<Model, Batch> | null;
  readonly #store: CheckpointStore | null;
  readonly #best: BestModel;
  readonly #log: Log | null;
  readonly #speed = new Speed();
  readonly #turns = new Turns();
  readonly #announcer: Announcer;
  #step = 0;
  #position: Position;
  #loss: number | null = null;
  /** The last good checkpoint, and the step it was written at. */
  #checkpoint: { readonly name: string; readonly step: number } | null = null;
  /** The log holds the records of this run up to here: it needs no other start. */
  #logBegun = false;

  constructor(options: TrainerOptions<Model, Batch>) {
    const { model, optimizer, loss, data, storage, checkpoints, validation, clipNorm, clipValue } = options;
    this.#options = options;
    const generators: readonly Generator[] = [...new Set([...model.generators(), ...(options.generators ?? [])])];
    const schedule = options.schedule ?? constantRate();
    this.#parts = { model, optimizer, schedule, data, generators, average: options.average ?? null };
    this.#updates = new UpdateQueue({
      model,
      loss,
      optimizer,
      data,
      accumulate: options.accumulate ?? 1,
      clip: { norm: clipNorm ?? 0, value: clipValue ?? null },
      generators,
      onGradients: options.onGradients,
      average: options.average ?? null,
      takeProbe: checkpoints !== undefined,
    });
    this.#validator = validation ? new Validator(validation, loss, generators, options.metrics ?? {}) : null;
    this.#announcer = new Announcer(options);
    this.#store = storage && checkpoints ? new CheckpointStore(storage, checkpoints.keep ?? 2) : null;
    this.#best = new BestModel(model, this.#store, validation?.restoreBest ?? false);
    this.#log = storage && options.log !== undefined ? new Log(storage, options.log) : null;
    this.#position = positionOf(this.#parts);
  }

  get step(): number {
    return this.#step;
  }

  get generators(): readonly Generator[] {
    return this.#parts.generators;
  }

  /** Whether it has a storage to write to. */
  get writes(): boolean {
    return this.#store !== null || this.#log !== null;
  }

  /** Whether it writes checkpoints. */
  get resumes(): boolean {
    return this.#store !== null;
  }

  async resume({ checkData = true }: ResumeOptions): Promise<ResumeReport | null> {
    const store = this.#store!;
    const found = await store.readLatest();
    if (!found) {
      if (this.#step === 0) await this.#log?.clear();
      return null;
    }
    const { name, step, damaged } = found;
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
  }

  async fit({ signal }: FitOptions, limit: Limit): Promise<FitResult> {
    try {
      await prepareStorage(this.#options, {
        store: this.#store,
        log: this.#log,
        step: this.#step,
        checkpoint: this.#checkpoint,
      });
      if (!this.#logBegun)
        await this.#record({ type: 'start', step: this.#step, steps: limit.steps, ...epochsOf(limit) });
      this.#logBegun = false;
      const reason = await this.#loop(limit, signal);
      if (reason === 'aborted') restorePosition(this.#parts, this.#position);
      await this.#settle(limit);
      if (this.#step !== this.#checkpoint?.step) await this.#writeCheckpoint();
      if (reason !== 'aborted' && this.#options.validation?.restoreBest) await this.#best.load();
      await this.#record({ type: 'end', step: this.#step, reason });
      const result: FitResult = { step: this.#step, reason, loss: this.#loss, best: this.#validator?.best ?? null };
      await this.#announcer.end(result);
      return result;
    } catch (error) {
      // Updates that were not read back may be bad.
      this.#updates.restart(null);
      throw error;
    }
  }

  async #loop(limit: Limit, signal: AbortSignal | undefined): Promise<FitResult['reason']> {
    const { readEvery = 10, checkpoints } = this.#options;
    const { optimizer, schedule } = this.#parts;
    this.#speed.start(this.#step);
    for (;;) {
      const reached = limit.reached(this.#step);
      if (reached) return reached;
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
      if (validationDue || checkpointDue || this.#step % readEvery === 0) await this.#settle(limit);
      if (validationDue) await this.#validate(signal);
      if (checkpointDue) await this.#writeCheckpoint();
      await this.#turns.take(turnEvery);
    }
  }

  /** Reads the losses back and tells of them. */
  async #settle(limit: Limit): Promise<void> {
    const settled = await this.#updates.settle(this.#checkpoint?.name ?? null);
    if (!settled) return;
    this.#loss = settled.loss;
    await this.#report(limit.total(this.#step), settled);
  }

  async #report(steps: number, { loss, gradientNorm }: Settled): Promise<void> {
    const { stepsPerSecond, secondsLeft, seconds } = this.#speed.at(this.#step, steps);
    const { learningRate } = this.#parts.optimizer.groups[0]!;
    await this.#record({ type: 'train', step: this.#step, loss, learningRate, gradientNorm, seconds });
    await this.#announcer.progress({
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
    const { metrics, metric, isBest } = await this.withAverage(async () => {
      const outcome = await this.#validator!.run(this.#options.model, this.#step, signal);
      if (outcome.isBest) await this.#best.keep(this.#validator!.best!);
      return outcome;
    });
    this.#parts.schedule.observe?.(metric);
    await this.#record({ type: 'validation', step: this.#step, ...metrics, isBest });
    await this.#announcer.validation({ step: this.#step, metrics, isBest });
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
    await this.#announcer.checkpoint(name, this.#step);
  }

  async #record(record: LogRecord): Promise<void> {
    await this.#log?.write(record);
  }

  /** Runs `body` with the averaged weights, where there are any. */
  async withAverage<Result>(body: () => Promise<Result>): Promise<Result> {
    const { average } = this.#options;
    average?.swap();
    try {
      return await body();
    } finally {
      average?.swap();
    }
  }

  dispose(): void {
    this.#updates.dispose();
    this.#parts.optimizer.dispose();
  }
}

/** What the log tells of a run that counts epochs. */
function epochsOf({ epochs }: Limit): { readonly epochs?: number } {
  return epochs === null ? {} : { epochs };
}
