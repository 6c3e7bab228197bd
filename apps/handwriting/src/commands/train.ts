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
import { characters } from '../ink/fonts.ts';
import type { Sample } from '../data/sample.ts';
import { readSamples, type Subset } from '../data/samples.ts';
import type { TrainingBatchOptions } from '../data/training-batches.ts';
import { drawTestSet, evaluate } from '../evaluation.ts';
import { configFor } from '../model/config.ts';
import { batchWorker } from '../paths.ts';
import { writeReport } from './report.ts';

export interface TrainOptions {
  readonly data?: string;
  readonly subset: Exclude<Subset, 'test'>;
  readonly out: string;
  readonly steps: number;
  readonly seed: number;
  readonly backend: BackendName;
  readonly resume?: boolean;
}

/** Steps of a run where --steps is not given. */
export const defaultSteps = 2400;
const batchSize = 32;
const watchedStrings = 64;

/** Trains a model on drawn text, or on people's writing with some drawn text beside it, and judges it. */
export async function train({
  data,
  subset,
  out,
  steps,
  seed,
  backend: name,
  resume = false,
}: TrainOptions): Promise<void> {
  if (!out.endsWith('.safetensors'))
    throw new UsageError(`--out ${out}: expected a file that ends in .safetensors, such as model.safetensors`);
  const interrupt = catchInterrupt(() => console.log('\nstopping after this step; press Ctrl+C again to stop at once'));
  try {
    const samples = data === undefined ? [] : await readSamples(data, subset);
    const heldOut = data === undefined || subset === 'all' ? [] : await readSamples(data, 'test').catch(() => []);
    const judged = heldOut.length > 0 ? heldOut : samples;
    const alphabet = samples.length > 0 ? alphabetOf(samples) : characters;
    const config = configFor(alphabet);
    const test = drawTestSet(judged);
    const watched = {
      writings: test.writings.slice(0, watchedStrings),
      features: test.features.slice(0, watchedStrings),
    };
    const options: TrainingBatchOptions = { samples, drawnShare: drawnShare(samples), alphabet, batchSize, seed };
    await withBackend(name, async (backend) => {
      const source =
        samples.length > 0
          ? `${samples.length} characters of ${writersOf(samples)} writers in ${data}`
          : 'drawn words and strings';
      console.log(`${source}; computing on ${backend.name} (${backend.capabilities.device})`);
      const { model, seconds, history } = await trainRecognizer({
        backend,
        network: config,
        batches: createBatchMaker(batchWorker, options),
        batchSize,
        watch: async (one) => (await evaluate(backend, one, alphabet, watched)).error.rate,
        settings: { data: data ?? '', samples: samples.length, subset, steps, seed },
        out,
        resume,
        signal: interrupt.signal,
      });
      const evaluation = await evaluate(backend, model, alphabet, test);
      const judgedOn =
        heldOut.length > 0
          ? `${writersOf(heldOut)} writers held out of training`
          : samples.length > 0
            ? 'the training samples themselves, for want of others'
            : 'words that training never saw, and digit strings';
      console.log(
        `\ncharacter error ${(100 * evaluation.error.rate).toFixed(2)} % (${evaluation.error.edits} edits in ${evaluation.error.referenceLength} characters, ${judgedOn})\n`,
      );
      for (let i = 0; i < 10; i++) console.log(`${test.writings[i]!.text.padEnd(12)}${evaluation.texts[i]!}`);
      await saveModel(out, model, config);
      const report = await writeReport(out.replace(/\.safetensors$/u, '.html'), {
        about: `Trained on ${source}, ${steps} steps of ${batchSize}. Judged on ${judgedOn}.`,
        config,
        test,
        evaluation,
        training: { seconds, history },
      });
      console.log(`\nmodel   ${out} and ${configFile(out)}\nreport  ${report}`);
      model.dispose();
    });
  } finally {
    interrupt.release();
  }
}

/** The fewer samples there are, the more drawn text is added. */
export function drawnShare(samples: readonly Sample[]): number {
  return 1000 / (1000 + samples.length);
}

function alphabetOf(samples: readonly Sample[]): string[] {
  return [...new Set(samples.map(({ label }) => label))].sort();
}

function writersOf(samples: readonly Sample[]): number {
  return new Set(samples.map(({ writer }) => writer)).size;
}
