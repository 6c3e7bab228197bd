import type { Backend } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { Json } from '@timestep/train';
import type { InferOutput } from 'valibot';
import { type BackendName, withBackend } from '../backend.ts';
import { UsageError } from '../errors.ts';
import { catchInterrupt } from '../interrupt.ts';
import type { App, Judged, Metrics, Parts, Trained } from './app.ts';
import { judgedPart, type Subset, trainingPart } from './data.ts';
import { readInputs } from './inputs.ts';
import { loadAppModel, saveAppModel } from './model-file.ts';
import { writeReport } from './report.ts';
import { pickSettings, resolveSettings, type Settings } from './settings.ts';
import { showNumber, trainApp } from './train.ts';

/** Flags of every command, and those that the app's settings add. */
export interface CommonFlags extends Readonly<Record<string, unknown>> {
  readonly backend: BackendName;
}

interface DataFlags extends CommonFlags {
  readonly data?: string | undefined;
  readonly download?: boolean | undefined;
}

export interface TrainFlags extends DataFlags {
  readonly out: string;
  readonly steps?: number | undefined;
  readonly seed: number;
  readonly resume?: boolean | undefined;
}

export interface ModelFlags extends CommonFlags {
  readonly model: string;
}

export interface JudgeFlags extends DataFlags, ModelFlags {
  readonly subset?: Subset | undefined;
}

/** What a model was judged on, and the result. */
export interface Judgement<Part> {
  readonly part: Part;
  readonly subset: Subset;
  readonly metrics: Metrics;
  readonly seconds: number;
}

/** The commands of an app as functions, for its command line or another one in front of it. */
export interface AppCommands<Part> {
  train(flags: TrainFlags): Promise<void>;
  /** Judges a model; prints nothing. */
  evaluate(flags: JudgeFlags): Promise<Judgement<Part>>;
  /** Answers the inputs, or the lines of the standard input where there are none. */
  predict(inputs: readonly string[], flags: ModelFlags): Promise<void>;
  report(flags: JudgeFlags & { readonly out: string }): Promise<void>;
}

export function appCommands<
  C extends Settings,
  I extends Settings,
  Part extends { readonly length: number },
  Saved extends Json,
  Model extends Module,
  Batch,
>(app: App<C, I, Part, Saved, Model, Batch>): AppCommands<Part> {
  return { train, evaluate, predict, report };

  async function readParts(
    flags: DataFlags,
    request: { readonly config: InferOutput<C>; readonly saved?: Saved; readonly signal: AbortSignal },
  ): Promise<{ parts: Parts<Part, InferOutput<C>>; where: string }> {
    if (flags.download && flags.data !== undefined)
      throw new UsageError('--download and --data name two sources; give one of them');
    const folder = flags.download && app.download ? await app.download(request.signal) : (flags.data ?? null);
    return { parts: await app.read({ folder, ...request }), where: folder ?? 'the sample' };
  }

  async function train(flags: TrainFlags): Promise<void> {
    const { out } = flags;
    if (!out.endsWith('.safetensors'))
      throw new UsageError(`--out ${out}: expected a file that ends in .safetensors, such as ${app.name}.safetensors`);
    const interrupt = catchInterrupt(() =>
      console.log('\nstopping after this step; press Ctrl+C again to stop at once'),
    );
    const { signal } = interrupt;
    try {
      const given = pickSettings(app.config, flags);
      const { parts, where } = await readParts(flags, {
        config: resolveSettings(app.config, 'train', given),
        signal,
      });
      const config = resolveSettings(app.config, 'train', given, parts.settings);
      const inference = resolveSettings(app.inference, 'train', pickSettings(app.inference, flags));
      const part = trainingPart(parts, where);
      const steps = flags.steps ?? parts.steps ?? app.steps;
      await withBackend(flags.backend, async (backend) => {
        console.log(`${parts.about}; computing on ${backend.name} (${backend.capabilities.device})`);
        const { trained, seconds, history } = await trainApp(app, {
          backend,
          part,
          validation: parts.validation ?? null,
          config,
          saved: await app.prepare(part, config),
          inference,
          steps,
          seed: flags.seed,
          source: where,
          out,
          resume: flags.resume ?? false,
          signal,
        });
        await saveAppModel(app, out, trained);
        const judged = { ...judgedPart(parts, where), inference };
        const metrics = await app.evaluate(trained, judged);
        printMetrics(judged, metrics);
        for (const line of (await app.examples?.(trained, judged)) ?? []) console.log(line);
        const page = out.replace(/\.safetensors$/u, '.html');
        const about = `${parts.about}. Trained with ${steps} updates; judged on the ${judged.subset} part.`;
        await writeReport(app, page, trained, judged, { about, metrics, training: { seconds, history, steps } });
        console.log(`\nmodel   ${out}\nreport  ${page}`);
        trained.model.dispose();
      });
    } finally {
      interrupt.release();
    }
  }

  async function evaluate(flags: JudgeFlags): Promise<Judgement<Part>> {
    return await withModel(flags, async ({ trained, judged }) => {
      const started = performance.now();
      const metrics = await app.evaluate(trained, judged);
      const { part, subset } = judged;
      return { part, subset, metrics, seconds: Math.round(performance.now() - started) / 1000 };
    });
  }

  async function report(flags: JudgeFlags & { readonly out: string }): Promise<void> {
    await withModel(flags, async ({ trained, judged, about: data }) => {
      const metrics = await app.evaluate(trained, judged);
      const about = `${data}. Judged on the ${judged.subset} part.`;
      await writeReport(app, flags.out, trained, judged, { about, metrics });
      console.log(`report  ${flags.out}`);
    });
  }

  async function predict(inputs: readonly string[], flags: ModelFlags): Promise<void> {
    const inference = resolveSettings(app.inference, 'predict', pickSettings(app.inference, flags));
    await withBackend(flags.backend, async (backend) => {
      const trained = await loadAppModel(app, flags.model, backend);
      for await (const text of app.predict(trained, readInputs(inputs), inference)) process.stdout.write(text);
      trained.model.dispose();
    });
  }

  /** Loads a model and what it is to be judged on, for the length of `work`. */
  async function withModel<Result>(
    flags: JudgeFlags,
    work: (found: {
      readonly trained: Trained<InferOutput<C>, Saved, Model>;
      readonly judged: Judged<Part, InferOutput<I>> & { readonly subset: Subset };
      readonly about: string;
    }) => Promise<Result>,
  ): Promise<Result> {
    return await withBackend(flags.backend, async (backend: Backend) => {
      const trained = await loadAppModel(app, flags.model, backend);
      const { config, saved } = trained;
      const { signal } = new AbortController();
      const { parts, where } = await readParts(flags, { config, saved, signal });
      const inference = resolveSettings(app.inference, app.name, pickSettings(app.inference, flags));
      const judged = { ...judgedPart(parts, where, flags.subset), inference };
      const result = await work({ trained, judged, about: parts.about });
      trained.model.dispose();
      return result;
    });
  }
}

/** Prints a line such as `accuracy 0.83  (872 examples of the test part)`. */
export function printMetrics(
  { part, subset }: { readonly part: { readonly length: number }; readonly subset: Subset },
  metrics: Metrics,
): void {
  const list = Object.entries(metrics).map(([name, value]) => `${name} ${showNumber(value)}`);
  console.log(`\n${list.join('  ')}  (${part.length} examples of the ${subset} part)`);
}
