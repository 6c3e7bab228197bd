import {
  openScope,
  type Backend,
  type Generator,
  type GeneratorState,
  type HostArray,
  type State,
  type Tensor,
} from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { DataSource } from '../data/data-source.ts';
import { NonFiniteLossError } from '../errors.ts';
import type { WeightAverage } from '../optimizers/weight-average.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { digestOf } from '../data/digest.ts';
import type { LossFunction } from './options.ts';
import { positionOf, type DataProbe } from './run-state.ts';
import { checkEverythingIsTrained } from './untrained.ts';
import { applyUpdate, scaleGradients, type Guard } from './apply-update.ts';
import { disposeState } from '../dispose-state.ts';
import { runBatch } from './run-batch.ts';

export interface UpdateQueueSettings<Model extends Module, Batch> {
  readonly model: Model;
  readonly loss: LossFunction<Model, Batch>;
  readonly optimizer: Optimizer;
  readonly data: DataSource<Batch>;
  readonly accumulate: number;
  readonly clip: { readonly norm: number; readonly value: number | null };
  readonly generators: readonly Generator[];
  readonly average: WeightAverage | null;
  readonly onGradients: ((gradients: readonly Tensor[]) => void | Promise<void>) | undefined;
  /** Take the digest of the first batch, or the source's fingerprint. */
  readonly takeProbe: boolean;
}

/** An update whose loss is not read yet, with what is needed to run it again. */
interface PendingUpdate<Batch> {
  readonly step: number;
  readonly losses: readonly Tensor[];
  readonly guard: Guard;
  readonly batches: readonly Batch[];
  readonly random: readonly GeneratorState[];
  /** The state that it started from. */
  readonly carried: State | null;
}

/** The mean over the updates that were read back together. */
export interface Settled {
  readonly loss: number;
  /** Of the last of them. */
  readonly gradientNorm: number;
  readonly updates: number;
}

/** The updates of a run. They are computed one after another, and their losses are read together. */
export class UpdateQueue<Model extends Module, Batch> {
  readonly #settings: UpdateQueueSettings<Model, Batch>;
  readonly #backend: Backend;
  #pending: PendingUpdate<Batch>[] = [];
  #carried: State | null = null;
  #isFirst = true;
  /** Identifies the run's data; null before the first batch. */
  probe: DataProbe | null = null;

  constructor(settings: UpdateQueueSettings<Model, Batch>) {
    this.#settings = settings;
    this.#backend = settings.optimizer.parameters[0]!.parameter.backend;
  }

  /** The state that the next update starts from; null where the loss carries none. */
  get carried(): State | null {
    return this.#carried;
  }

  /** Sets the carried state and drops all pending updates. */
  restart(carried: State | null): void {
    this.#forget();
    disposeState(this.#carried);
    this.#carried = carried;
  }

  /**
   * Computes one update. If the data end or the signal aborts, only the positions of data and generators have changed.
   */
  async run(step: number, signal: AbortSignal | undefined): Promise<'done' | 'exhausted' | 'aborted'> {
    const { optimizer, accumulate, clip, generators, onGradients } = this.#settings;
    const random = generators.map(({ state }) => state);
    const losses: Tensor[] = [];
    const batches: Batch[] = [];
    let carried = this.#carried;
    let finished = false;
    try {
      while (batches.length < accumulate) {
        const batch = await this.#nextBatch(signal);
        if (batch === aborted) return 'aborted';
        if (batch === null && batches.length === 0) return 'exhausted';
        if (batch === null) break;
        const result = this.#backpropagate(batch, step, carried);
        batches.push(batch);
        losses.push(result.loss);
        if (carried !== this.#carried) disposeState(carried);
        carried = result.carried;
      }
      // The data ended within a group: take the mean over the batches that are there.
      if (batches.length < accumulate) scaleGradients(optimizer.gradients, accumulate / batches.length);
      if (onGradients) {
        using _scope = openScope(this.#backend, { gradient: false });
        await onGradients(optimizer.gradients);
      }
      const guard = applyUpdate(optimizer, clip, this.#pending.at(-1)?.guard.factor ?? null);
      this.#settings.average?.update();
      this.#pending.push({ step, losses, guard, batches, random, carried: this.#carried });
      this.#carried = carried;
      finished = true;
      return 'done';
    } finally {
      this.#zeroGrad();
      if (!finished) {
        for (const loss of losses) loss.dispose();
        if (carried !== this.#carried) disposeState(carried);
      }
      this.#backend.flush();
    }
  }

  /**
   * Reads all pending losses in one transaction.
   *
   * @param checkpoint the last one's name, for the error
   * @returns null if nothing is pending
   * @throws NonFiniteLossError for the first update whose loss or gradient is not finite
   */
  async settle(checkpoint: string | null): Promise<Settled | null> {
    const pending = this.#pending;
    if (pending.length === 0) return null;
    const values = await this.#backend.readMany(
      pending.flatMap(({ losses, guard }) => [...losses, guard.norm].map(({ buffer }) => buffer)),
    );
    const reports = pending.map(({ losses }) => {
      const own = values.splice(0, losses.length + 1).map((value) => value[0]!);
      return { loss: own.slice(0, -1).reduce((sum, loss) => sum + loss / losses.length, 0), norm: own.at(-1)! };
    });
    const bad = reports.findIndex(({ loss, norm }) => !Number.isFinite(loss) || !Number.isFinite(norm));
    if (bad >= 0) throw await this.#explain(pending[bad]!, reports[bad]!, checkpoint);
    this.#forget();
    return {
      loss: reports.reduce((sum, { loss }) => sum + loss / reports.length, 0),
      gradientNorm: reports.at(-1)!.norm,
      updates: reports.length,
    };
  }

  /** Frees everything. */
  dispose(): void {
    this.restart(null);
  }

  async #nextBatch(signal: AbortSignal | undefined): Promise<Batch | null | typeof aborted> {
    const { data, generators, takeProbe } = this.#settings;
    if (!takeProbe || this.probe) return await orAborted(data.next(), signal);
    const position = positionOf({ data, generators });
    const batch = await orAborted(data.next(), signal);
    if (batch === aborted || batch === null) return batch;
    this.probe = data.fingerprint
      ? { fingerprint: data.fingerprint(), position: null }
      : { fingerprint: digestOf(batch), position };
    return batch;
  }

  #backpropagate(batch: Batch, step: number, carried: State | null) {
    const { model, loss, accumulate, optimizer } = this.#settings;
    const inspect = this.#isFirst ? (value: Tensor) => checkEverythingIsTrained(value, model, optimizer) : undefined;
    this.#isFirst = false;
    const context = { step, training: true, carried };
    return runBatch(this.#backend, loss, { model, batch, context, scale: 1 / accumulate, inspect });
  }

  /** Drops the pending updates and every state except the one for the next update. */
  #forget(): void {
    for (const { losses, guard, carried } of this.#pending) {
      for (const tensor of [...losses, guard.norm, guard.factor]) tensor.dispose();
      disposeState(carried);
    }
    this.#pending = [];
  }

  #zeroGrad(): void {
    this.#settings.model.zeroGrad();
    this.#settings.optimizer.zeroGrad();
  }

  /**
   * Runs an update's batches again, with the same weights and random numbers, to find the first non-finite gradient.
   */
  async #explain(
    update: PendingUpdate<Batch>,
    { loss, norm }: { readonly loss: number; readonly norm: number },
    checkpoint: string | null,
  ): Promise<NonFiniteLossError> {
    const { model, optimizer, generators } = this.#settings;
    generators.forEach((generator, index) => (generator.state = update.random[index]!));
    let { carried } = update;
    const again: number[] = [];
    for (const batch of update.batches) {
      const result = this.#backpropagate(batch, update.step, carried);
      again.push(await result.loss.item());
      result.loss.dispose();
      if (carried !== update.carried) disposeState(carried);
      carried = result.carried;
    }
    if (carried !== update.carried) disposeState(carried);
    const names = new Map<Tensor, string>([
      ...optimizer.parameters.map(({ name, parameter }) => [parameter, name] as const),
      ...model.namedParameters().map(([name, parameter]) => [parameter, name] as const),
    ]);
    const withGradient = [...names].filter(([{ grad }]) => grad);
    const gradients = await this.#backend.readMany(withGradient.map(([{ grad }]) => grad!.buffer));
    const first = gradients.findIndex(isNotFinite);
    this.#zeroGrad();
    return new NonFiniteLossError({
      step: update.step + 1,
      loss,
      gradientNorm: norm,
      parameter: withGradient[first]?.[1] ?? null,
      reproduced: first >= 0 || again.some((value) => !Number.isFinite(value)),
      checkpoint,
    });
  }
}

const aborted = Symbol('aborted');

/** Awaits a promise until the signal aborts. Other values need no waiting. */
async function orAborted<Value>(
  value: Value | Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value | typeof aborted> {
  if (!(value instanceof Promise)) return value;
  if (!signal) return await value;
  if (signal.aborted) return aborted;
  const settled = new AbortController();
  const abortion = new Promise<typeof aborted>((resolve) =>
    signal.addEventListener('abort', () => resolve(aborted), { once: true, signal: settled.signal }),
  );
  try {
    return await Promise.race([value, abortion]);
  } finally {
    settled.abort();
  }
}

function isNotFinite(values: HostArray): boolean {
  return values.some((value) => !Number.isFinite(value));
}
