import { fileURLToPath } from 'node:url';
import type { Module } from '@timestep/layers';
import type { Json } from '@timestep/train';
import { type Command, Option } from 'commander';
import { type BackendName, withBackend } from '../backend.ts';
import { UsageError } from '../errors.ts';
import { catchInterrupt } from '../interrupt.ts';
import { backendOption, createProgram, runProgram, wholeNumber } from '../program.ts';
import { formatSeconds } from '../progress.ts';
import type { App, Metrics } from './app.ts';
import { judgedPart, type Subset, subsets, trainingPart } from './data.ts';
import { readInputs } from './inputs.ts';
import { loadAppModel, saveAppModel } from './model-file.ts';
import { writeReport } from './report.ts';
import { addFlags, pickSettings, resolveSettings, type Settings } from './settings.ts';
import { showNumber, trainApp } from './train.ts';

interface Flags extends Readonly<Record<string, unknown>> {
  readonly data?: string;
  readonly download?: boolean;
  readonly out: string;
  readonly model: string;
  readonly steps?: number;
  readonly seed: number;
  readonly backend: BackendName;
  readonly resume?: boolean;
  readonly json?: boolean;
  readonly subset?: Subset;
}

/**
 * Runs an app's command line and gives its exit status.
 *
 * @param argv without node and the script, such as `['train', '--steps', '100']`
 */
export async function runApp<
  C extends Settings,
  I extends Settings,
  Part extends { readonly length: number },
  Saved extends Json,
  Model extends Module,
  Batch,
>(app: App<C, I, Part, Saved, Model, Batch>, argv: readonly string[]): Promise<number> {
  const program = createProgram(app.name, app.summary);

  const train = dataFlags(program.command('train').description('train a model, judge it, write model and report'))
    .option('--out <file>', 'the model to write', `${app.name}.safetensors`)
    .option('--steps <n>', 'updates in all', wholeNumber(1))
    .option('--seed <n>', 'fixes weights and batches', wholeNumber(0), 1)
    .option('--resume', 'go on with the run of --out');
  addFlags(addFlags(train, app.config), app.inference).action(async (flags: Flags) => trainCommand(flags));

  const evaluate = dataFlags(program.command('evaluate').description('judge a model'))
    .addOption(modelOption())
    .addOption(subsetOption())
    .option('--json', 'print one JSON object');
  addFlags(evaluate, app.inference).action(async (flags: Flags) => evaluateCommand(flags));

  const predict = program
    .command('predict')
    .description('answer the inputs, or each line of the standard input')
    .argument('[inputs...]', 'texts, or the paths of files')
    .addOption(modelOption())
    .addOption(backendOption());
  addFlags(predict, app.inference).action(async (inputs: string[], flags: Flags) => predictCommand(inputs, flags));

  const report = dataFlags(program.command('report').description('write the report page of a model'))
    .addOption(modelOption())
    .addOption(subsetOption())
    .option('--out <file>', 'the page to write', `${app.name}.html`);
  addFlags(report, app.inference).action(async (flags: Flags) => reportCommand(flags));

  return await runProgram(program, argv);

  function dataFlags(command: Command): Command {
    command.option('--data <folder>', 'the data set; the sample that ships with the app by default');
    if (app.download) command.option('--download', 'fetch the real data set and use it');
    return command.addOption(backendOption());
  }

  function modelOption(): Option {
    return new Option('--model <file>', 'the model').default(fileURLToPath(app.shippedModel), 'the one that ships');
  }

  async function readParts(
    flags: Flags,
    config: Parameters<typeof app.read>[0]['config'],
    signal: AbortSignal,
  ): Promise<{ parts: Awaited<ReturnType<typeof app.read>>; where: string }> {
    if (flags.download && flags.data !== undefined)
      throw new UsageError('--download and --data name two sources; give one of them');
    const folder = flags.download && app.download ? await app.download(signal) : (flags.data ?? null);
    return { parts: await app.read({ folder, config, signal }), where: folder ?? 'the sample' };
  }

  async function trainCommand(flags: Flags): Promise<void> {
    const { out } = flags;
    if (!out.endsWith('.safetensors'))
      throw new UsageError(`--out ${out}: expected a file that ends in .safetensors, such as ${app.name}.safetensors`);
    const interrupt = catchInterrupt(() =>
      console.log('\nstopping after this step; press Ctrl+C again to stop at once'),
    );
    const { signal } = interrupt;
    try {
      const given = pickSettings(app.config, flags);
      const { parts, where } = await readParts(flags, resolveSettings(app.config, 'train', given), signal);
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

  async function evaluateCommand(flags: Flags): Promise<void> {
    await withModel(flags, async ({ trained, judged }) => {
      const started = performance.now();
      const metrics = await app.evaluate(trained, judged);
      const seconds = Math.round(performance.now() - started) / 1000;
      if (flags.json) console.log(JSON.stringify({ app: app.name, metrics, examples: judged.part.length, seconds }));
      else {
        printMetrics(judged, metrics);
        console.log(`in ${formatSeconds(seconds)}`);
      }
    });
  }

  async function reportCommand(flags: Flags): Promise<void> {
    await withModel(flags, async ({ trained, judged, parts }) => {
      const metrics = await app.evaluate(trained, judged);
      const about = `${parts.about}. Judged on the ${judged.subset} part.`;
      await writeReport(app, flags.out, trained, judged, { about, metrics });
      console.log(`report  ${flags.out}`);
    });
  }

  async function predictCommand(inputs: readonly string[], flags: Flags): Promise<void> {
    const inference = resolveSettings(app.inference, 'predict', pickSettings(app.inference, flags));
    await withBackend(flags.backend, async (backend) => {
      const trained = await loadAppModel(app, flags.model, backend);
      for await (const text of app.predict(trained, readInputs(inputs), inference)) process.stdout.write(text);
      trained.model.dispose();
    });
  }

  /** Loads a model and what it is to be judged on, for the length of `work`. */
  async function withModel(
    flags: Flags,
    work: (found: {
      readonly trained: Awaited<ReturnType<typeof load>>['trained'];
      readonly judged: Awaited<ReturnType<typeof load>>['judged'];
      readonly parts: Awaited<ReturnType<typeof load>>['parts'];
    }) => Promise<void>,
  ): Promise<void> {
    await withBackend(flags.backend, async (backend) => {
      const found = await load(flags, backend);
      await work(found);
      found.trained.model.dispose();
    });
  }

  async function load(flags: Flags, backend: Parameters<typeof loadAppModel>[2]) {
    const trained = await loadAppModel(app, flags.model, backend);
    const { parts, where } = await readParts(flags, trained.config, new AbortController().signal);
    const inference = resolveSettings(app.inference, app.name, pickSettings(app.inference, flags));
    return { trained, parts, judged: { ...judgedPart(parts, where, flags.subset), inference } };
  }
}

function subsetOption(): Option {
  return new Option('--subset <name>', 'the part to judge on; test where there is one, else validation').choices(
    subsets,
  );
}

function printMetrics(
  { part, subset }: { readonly part: { readonly length: number }; readonly subset: Subset },
  metrics: Metrics,
): void {
  const list = Object.entries(metrics).map(([name, value]) => `${name} ${showNumber(value)}`);
  console.log(`\n${list.join('  ')}  (${part.length} examples of the ${subset} part)`);
}
