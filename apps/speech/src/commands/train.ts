import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  type BackendName,
  catchInterrupt,
  configFile,
  createBatchMaker,
  saveModel,
  trainRecognizer,
  UsageError,
  withBackend,
} from '@timestep/app-shared';
import { fileStorage } from '@timestep/train/node';
import { readRecordings, type Recording, type Subset } from '../data/recordings.ts';
import type { Source, TrainingBatchOptions } from '../data/training-batches.ts';
import { drawTestSet, evaluate, type Evaluation, type TestSet } from '../evaluation.ts';
import { defaultConfig } from '../model/config.ts';
import { examples, reportPage } from '../report/report.ts';
import { batchWorker, shippedData } from '../shipped.ts';
import { downloadedData } from './download.ts';

export interface TrainOptions {
  readonly data?: string;
  readonly download?: boolean;
  readonly subset: Exclude<Subset, 'test'>;
  readonly out: string;
  readonly steps: number;
  readonly seed: number;
  readonly backend: BackendName;
  readonly resume?: boolean;
}

/** Steps where --steps is not given: synthetic voices are learned sooner than people's. */
export const [startSteps, defaultSteps] = [1000, 1600];
/**
 * The share of the shipped synthetic voices beside recordings of the user's: they bring accents that a few speakers
 * lack.
 */
const syntheticShare = 0.3;
const watchedUtterances = 64;
const batchSize = 32;

/** Trains a model, judges it, and writes weights, configuration and report. */
export async function train(options: TrainOptions): Promise<void> {
  const { out, subset, steps, seed } = options;
  if (!out.endsWith('.safetensors'))
    throw new UsageError(`--out ${out}: expected a file that ends in .safetensors, such as digits.safetensors`);
  if (options.download && options.data !== undefined)
    throw new UsageError('--download and --data name two sources; give one of them');
  const interrupt = catchInterrupt(() => console.log('\nstopping after this step; press Ctrl+C again to stop at once'));
  try {
    const data = options.download ? await downloadedData(interrupt.signal) : (options.data ?? shippedData);
    const { recordings, heldOut, sources } = await readSources(data, subset);
    const config = defaultConfig;
    const test = drawTestSet(heldOut.recordings, config.features);
    const watched: TestSet = {
      utterances: test.utterances.slice(0, watchedUtterances),
      features: test.features.slice(0, watchedUtterances),
    };
    const settings = { data, recordings: recordings.length, subset, steps, seed };
    await withBackend(options.backend, async (backend) => {
      const trainedOn = `${recordings.length} recordings of ${speakersOf(recordings)} speakers`;
      console.log(`${trainedOn} in ${data}; computing on ${backend.name} (${backend.capabilities.device})`);
      const { model, seconds, history } = await trainRecognizer({
        backend,
        network: config,
        batches: createBatchMaker(batchWorker, {
          sources,
          features: config.features,
          batchSize,
          seed,
        } satisfies TrainingBatchOptions),
        batchSize,
        watch: async (one) => (await evaluate(backend, one, watched)).error.rate,
        settings,
        out,
        resume: options.resume ?? false,
        signal: interrupt.signal,
      });
      const evaluation = await evaluate(backend, model, test);
      printResult(heldOut.name, test, evaluation);
      await saveModel(out, model, config);
      const about = `Trained on ${trainedOn}: ${steps} steps of ${batchSize} augmented utterances. Judged on ${heldOut.name}.`;
      const parameters = model.parameters().reduce((sum, parameter) => sum + parameter.size, 0);
      const report = out.replace(/\.safetensors$/u, '.html');
      const text = reportPage({
        title: 'Spoken digits',
        about,
        config,
        parameters,
        seconds,
        history,
        test,
        evaluation,
      });
      await fileStorage(dirname(report)).write(basename(report), [new TextEncoder().encode(text)]);
      console.log(`\nmodel   ${out} and ${configFile(out)}\nreport  ${report}`);
      model.dispose();
    });
  } finally {
    interrupt.release();
  }
}

interface HeldOut {
  readonly name: string;
  readonly recordings: readonly Recording[];
}

/** The data for training, and for evaluation: the other subset if there is one. */
async function readSources(
  data: string,
  subset: TrainOptions['subset'],
): Promise<{ recordings: readonly Recording[]; heldOut: HeldOut; sources: readonly Source[] }> {
  const all = await readRecordings(data, 'all');
  const recordings = subset === 'all' ? all : await readRecordings(data, subset);
  const test = subset === 'all' ? [] : all.filter(({ index }) => index < 5);
  const trained = new Set(recordings.map(({ speaker }) => speaker));
  const strangers = new Set(test.map(({ speaker }) => speaker).filter((speaker) => !trained.has(speaker))).size;
  const whose =
    strangers > 0 && test.every(({ speaker }) => !trained.has(speaker))
      ? `of ${strangers} speakers that training never heard`
      : 'held out of training (index 0–4)';
  const heldOut =
    test.length > 0
      ? { name: `${test.length} recordings ${whose}`, recordings: test }
      : { name: 'the training recordings themselves, for want of others', recordings };
  const sources: Source[] = [{ recordings, share: 1 }];
  if ((await realpath(data)) !== (await realpath(shippedData))) {
    sources[0] = { recordings, share: 1 - syntheticShare };
    sources.push({ recordings: await readRecordings(shippedData, 'train'), share: syntheticShare });
  }
  return { recordings, heldOut, sources };
}

function printResult(name: string, test: TestSet, { error, readings }: Evaluation): void {
  console.log(
    `\ndigit error ${(100 * error.rate).toFixed(2)} % (${error.edits} edits in ${error.referenceLength} digits of ${test.utterances.length} utterances, ${name})\n\nspoken  read`,
  );
  for (const index of examples(test))
    console.log(`${test.utterances[index]!.digits.join('').padEnd(6)}  ${readings[index]!.labels.join('')}`);
}

function speakersOf(recordings: readonly Recording[]): number {
  return new Set(recordings.map(({ speaker }) => speaker)).size;
}
