import { ArgumentError, checkOptions, is, type Generator, type OptionRules } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { DataSource } from '../data/data-source.ts';
import { NonFiniteLossError } from '../errors.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { constantRate } from '../schedules/decay.ts';
import type { LossFunction } from '../trainer/options.ts';
import { positionOf } from '../trainer/run-state.ts';
import { restoreSnapshot, takeSnapshot, type RunParts } from '../trainer/snapshot.ts';
import { inTrainMode } from '../trainer/train-mode.ts';
import { UpdateQueue } from '../trainer/update-queue.ts';

/** Options of {@link learningRateRange}. */
export interface LearningRateRangeOptions<Model extends Module, Batch> {
  readonly model: Model;
  readonly loss: LossFunction<Model, Batch>;
  readonly optimizer: Optimizer;
  readonly data: DataSource<Batch>;
  /** The first learning rate; 1e-7 by default. */
  readonly from?: number | undefined;
  /** The last learning rate; 1 by default. */
  readonly to?: number | undefined;
  /** The number of updates; 100 by default. */
  readonly steps?: number | undefined;
  /** Clip the gradients to this common norm, as the training will; no clipping by default. */
  readonly clipNorm?: number | undefined;
}

const rules: OptionRules<LearningRateRangeOptions<Module, unknown>> = {
  model: is.like('a model (a Module)', 'namedParameters', 'modules'),
  loss: is.function,
  optimizer: is.like('an optimiser, such as new Adam(model.namedParameters())', 'groups', 'step', 'zeroGrad'),
  data: is.like('a data source, such as epochData(…), with next, state and restore', 'next', 'state', 'restore'),
  from: is.optional(is.number({ above: 0 })),
  to: is.optional(is.number({ above: 0 })),
  steps: is.optional(is.size(3)),
  clipNorm: is.optional(is.number({ above: 0 })),
};

/** The losses of a learning-rate range test. */
export interface LearningRateRange {
  /** The learning rate of each update, rising. */
  readonly rates: readonly number[];
  /** The loss before each update. */
  readonly losses: readonly number[];
  /** The losses as a moving average. */
  readonly smoothed: readonly number[];
  /** The rate at which the smoothed loss falls fastest; null if it never falls. */
  readonly suggestion: number | null;
}

/** How much of the moving average each loss keeps. */
const smoothing = 0.9;
/** The test ends where the smoothed loss rises by this many times its first value. */
const divergence = 3;

/**
 * The learning-rate range test (Smith 2017): trains with a rate that rises exponentially, rate(k) =
 * from·(to/from)^(k/(steps − 1)), until the loss diverges. The rate where the loss falls fastest is a good start; the
 * highest useful rate lies before the loss rises. Afterwards the model, the optimizer, the data and the random numbers are
 * as they were.
 *
 * @param options what a Trainer takes, and the range of rates. Groups keep the ratio of their learning rates
 * @returns rates, losses and a suggestion; `apps/shared` draws it as a chart
 * @throws ArgumentError for unknown or bad options, a range that does not rise, and data that end within the first three
 *   updates; any error of the loss function and the data
 * @example
 * ```ts
 * const { suggestion } = await learningRateRange({ model, loss, optimizer, data, to: 0.5 });
 * ```
 */
export async function learningRateRange<Model extends Module, Batch>(
  options: LearningRateRangeOptions<Model, Batch>,
): Promise<LearningRateRange> {
  // The rules hold for every model and batch.
  checkOptions('learningRateRange', options as unknown as LearningRateRangeOptions<Module, unknown>, rules);
  const { model, loss, optimizer, data, from = 1e-7, to = 1, steps = 100, clipNorm = 0 } = options;
  if (from >= to)
    throw new ArgumentError(`[learningRateRange] expected from to be less than to, got ${from} and ${to}`);
  const generators: readonly Generator[] = model.generators();
  const parts: RunParts = { model, optimizer, schedule: constantRate(), data, generators, average: null };
  const before = { step: 0, carried: null, validation: null, best: null, probe: null };
  const snapshot = await takeSnapshot(parts, { ...before, position: positionOf(parts) });
  const clip = { norm: clipNorm, value: null };
  const common = { model, loss, optimizer, data, accumulate: 1, clip, generators };
  const updates = new UpdateQueue({ ...common, average: null, onGradients: undefined, takeProbe: false });
  const [rates, losses]: [number[], number[]] = [[], []];
  const learningRates = optimizer.groups.map((group) => group.learningRate);
  const highest = Math.max(...optimizer.groups.map(({ settings }) => settings.learningRate));
  try {
    await inTrainMode(model, async () => {
      for (let step = 0; step < steps; step++) {
        const rate = from * (to / from) ** (step / (steps - 1));
        for (const group of optimizer.groups)
          group.learningRate = highest === 0 ? rate : (rate * group.settings.learningRate) / highest;
        if ((await updates.run(step, undefined)) !== 'done') return;
        const { loss: value } = (await updates.settle(null))!;
        rates.push(rate);
        losses.push(value);
        if (diverges(smooth(losses))) return;
      }
    });
  } catch (error) {
    // The rate was too high: that is what the test looks for.
    if (!(error instanceof NonFiniteLossError) || losses.length < 3) throw error;
  } finally {
    updates.dispose();
    await restoreSnapshot(parts, snapshot, { name: 'the state before the test', step: 0, checkData: false });
    optimizer.groups.forEach((group, index) => (group.learningRate = learningRates[index]!));
  }
  if (losses.length < 3)
    throw new ArgumentError(`[learningRateRange] expected data for at least 3 updates, got ${losses.length}`);
  const smoothed = smooth(losses);
  return { rates, losses, smoothed, suggestion: steepest(rates, smoothed) };
}

/** A loss may be negative, so the rise counts, beside the size of the first or least value. */
function diverges(smoothed: readonly number[]): boolean {
  const least = Math.min(...smoothed);
  return smoothed.at(-1)! - least > divergence * Math.max(Math.abs(smoothed[0]!), Math.abs(least));
}

/** A moving average without the pull of its start, as Adam corrects it. */
function smooth(losses: readonly number[]): number[] {
  let average = 0;
  return losses.map((loss, k) => {
    average = smoothing * average + (1 - smoothing) * loss;
    return average / (1 - smoothing ** (k + 1));
  });
}

/** The rate at which the loss falls fastest per factor of the rate, before its least value. */
function steepest(rates: readonly number[], smoothed: readonly number[]): number | null {
  const least = smoothed.indexOf(Math.min(...smoothed));
  let best: { readonly rate: number; readonly slope: number } | null = null;
  // The first averages are over a few losses only.
  const first = Math.max(1, Math.min(10, Math.floor(least / 2)));
  for (let k = first; k < least; k++) {
    const slope = (smoothed[k + 1]! - smoothed[k - 1]!) / Math.log(rates[k + 1]! / rates[k - 1]!);
    if (slope < (best?.slope ?? 0)) best = { rate: rates[k]!, slope };
  }
  return best?.rate ?? null;
}
