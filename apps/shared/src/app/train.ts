import { join } from 'node:path';
import { type Backend, Generator } from '@timestep/core';
import type { Module } from '@timestep/layers';
import { AdamW, type Json, oneCycle, Trainer, WeightAverage } from '@timestep/train';
import { fileStorage } from '@timestep/train/node';
import type { InferOutput } from 'valibot';
import { UsageError } from '../errors.ts';
import { createProgress, formatSeconds } from '../progress.ts';
import type { App, Trained } from './app.ts';
import { type History, logName, openRun, readHistory, runFolder, type RunSettings } from './run-folder.ts';
import type { Settings } from './settings.ts';

export interface TrainingRequest<Part, Config, Saved, Inference> {
  readonly backend: Backend;
  readonly part: Part;
  /** The data for validation; null for none. */
  readonly validation: Part | null;
  readonly config: Config;
  readonly saved: Saved;
  readonly inference: Inference;
  readonly steps: number;
  readonly seed: number;
  /** Where the data come from, so that a resumed run is given the same. */
  readonly source: string;
  /** The model's file; the run's checkpoints lie in a folder beside it. */
  readonly out: string;
  readonly resume: boolean;
  readonly signal: AbortSignal;
}

/**
 * Trains a model with checkpoints, a log and progress on the standard output. It ends with the weights of the best
 * validation, or the last ones where the app says so.
 *
 * @throws UsageError where a run cannot be resumed; TrainError; a DOMException `AbortError` after Ctrl+C, when the
 * checkpoint is written
 */
export async function trainApp<
  C extends Settings,
  I extends Settings,
  Part extends { readonly length: number },
  Saved extends Json,
  Model extends Module,
  Batch,
>(
  app: App<C, I, Part, Saved, Model, Batch>,
  request: TrainingRequest<Part, InferOutput<C>, Saved, InferOutput<I>>,
): Promise<{ trained: Trained<InferOutput<C>, Saved, Model>; seconds: number; history: History }> {
  const { backend, part, validation, config, saved, inference, steps, seed, source, out, resume, signal } = request;
  const folder = runFolder(out);
  const storage = fileStorage(folder);
  const settings: RunSettings = { app: app.name, source, examples: part.length, steps, seed, ...config };
  const model = app.build({ backend, config, saved, generator: new Generator(seed) });
  const watched = validation && (app.watched?.(validation) ?? validation);
  const { optimizer, schedule } = app.optimizer?.({ model, config, steps }) ?? defaultOptimizer(model, config, steps);
  const every = Math.min(steps, app.validateEvery ?? Math.max(1, Math.ceil(steps / 10)));
  const { averageDecay } = app;
  const average =
    averageDecay === undefined ? undefined : new WeightAverage(model.namedParameters(), { decay: averageDecay });
  const data = app.batches({ part, config, saved, seed });
  let lastMetric = NaN;
  const progress = { bar: null as ReturnType<typeof createProgress> | null };
  using trainer = new Trainer<Model, Batch>({
    model,
    loss: app.loss,
    optimizer,
    schedule,
    average,
    clipNorm: clipNormOf(config),
    data,
    storage,
    checkpoints: { every: Math.max(1, Math.min(every, 200)), overwrite: !resume },
    log: logName,
    readEvery: Math.min(10, steps),
    ...(watched && {
      validation: {
        every,
        metric: app.decides.metric,
        mode: app.decides.mode,
        restoreBest: app.decides.keep !== 'last',
        evaluate: async (one) => {
          const metrics = await app.evaluate(
            { backend, model: one, config, saved },
            { part: watched, inference, signal },
          );
          lastMetric = metrics[app.decides.metric] ?? NaN;
          return metrics;
        },
      },
    }),
    onProgress: ({ step, loss, stepsPerSecond }) => {
      progress.bar?.update(step, [
        `loss ${loss.toFixed(3)}`,
        ...(Number.isNaN(lastMetric) ? [] : [`${app.decides.metric} ${showNumber(lastMetric)}`]),
        `${stepsPerSecond.toFixed(stepsPerSecond < 10 ? 1 : 0)} steps/s`,
      ]);
    },
  });
  try {
    await openRun(storage, folder, settings, resume);
    const done = resume ? await goOn(trainer, folder) : 0;
    const started = performance.now();
    progress.bar = createProgress({ total: steps, done });
    const { reason, best } = await trainer.fit({ steps, signal });
    progress.bar.stop();
    if (reason === 'aborted') {
      console.log(`stopped; the checkpoint is in ${folder}, go on with --resume`);
      throw new DOMException('training was interrupted', 'AbortError');
    }
    // Where the best weights are kept, the best average is restored already.
    if (!watched || app.decides.keep === 'last') average?.swap();
    const seconds = (performance.now() - started) / 1000;
    const kept = best && app.decides.keep !== 'last' ? `; the best validation was at step ${best.step}` : '';
    console.log(`trained ${steps - done} steps in ${formatSeconds(seconds)}${kept}`);
    const history = readHistory(await storage.read(logName));
    return { trained: { backend, model: model.eval(), config, saved }, seconds, history };
  } catch (failure) {
    progress.bar?.stop();
    model.dispose();
    throw failure;
  } finally {
    await data.close?.();
  }
}

function defaultOptimizer(
  model: Module,
  config: Readonly<Record<string, unknown>>,
  steps: number,
): ReturnType<NonNullable<App<Settings, Settings, [], Json, Module, unknown>['optimizer']>> {
  const learningRate = typeof config['learningRate'] === 'number' ? config['learningRate'] : 3e-3;
  const weightDecay = typeof config['weightDecay'] === 'number' ? config['weightDecay'] : 0.01;
  const named = model.namedParameters();
  const weights = named.filter(([name]) => /weight/u.test(name));
  const others = named.filter((entry) => !weights.includes(entry));
  const groups = [{ parameters: weights }, { parameters: others, weightDecay: 0 }].filter(
    ({ parameters }) => parameters.length > 0,
  );
  return {
    optimizer: new AdamW(groups, { learningRate, weightDecay }),
    schedule: oneCycle({ steps: Math.max(2, steps), rise: 0.1 }),
  };
}

function clipNormOf(config: Readonly<Record<string, unknown>>): number {
  return typeof config['clipNorm'] === 'number' ? config['clipNorm'] : 1;
}

async function goOn<Model extends Module, Batch>(trainer: Trainer<Model, Batch>, folder: string): Promise<number> {
  const report = await trainer.resume();
  if (!report)
    throw new UsageError(`[train] ${folder} holds no checkpoint to go on from; leave --resume out to start anew`);
  for (const { name, reason } of report.damaged)
    console.log(`${join(folder, name)} is damaged and was passed over: ${reason}`);
  console.log(`going on from ${join(folder, report.name)}, step ${report.step}`);
  return report.step;
}

/** Four significant digits, without a tail of zeros. */
export function showNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
