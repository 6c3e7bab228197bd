import { readFile } from 'node:fs/promises';
import {
  batchesOfThread,
  ctcBatchLoss,
  CTCRecognizer,
  defineApp,
  type LabelledBatch,
  readSequences,
  recognizerConfig,
  recognizerOptimizer,
  searchReadings,
  searchSettings,
  UsageError,
} from '@timestep/app-shared';
import { parseJsonLines } from './data/json-lines.ts';
import { alphabetOf, readParts, savedSchema } from './data/parts.ts';
import type { Sample } from './data/sample.ts';
import { writersOf } from './data/samples.ts';
import type { TrainingBatchOptions } from './data/training-batches.ts';
import { parseUnipen } from './data/unipen.ts';
import { drawTestSet, evaluate } from './evaluation.ts';
import { featureCount, inkFeatures } from './ink/features.ts';
import { batchWorker } from './paths.ts';
import { examplesOf, inkReport } from './report/report.ts';

/** Strings of a validation during training. */
const watchedStrings = 64;

export const handwriting = defineApp({
  name: 'handwriting',
  summary: 'A bidirectional LSTM with CTC reads handwriting from the movements of a pen.',
  config: recognizerConfig({
    convolutionSize: 96,
    convolutionKernel: 7,
    convolutionStride: 2,
    hiddenSize: 96,
    layers: 2,
    dropout: 0.2,
  }),
  inference: searchSettings,
  steps: 1200,
  // Without official test files a run is judged on the validation part, so it must not choose the weights.
  decides: { metric: 'characterErrorRate', mode: 'min', keep: 'last' },
  validateEvery: 100,
  savedSchema,

  read: readParts,
  prepare: (train) => ({ alphabet: alphabetOf(train), writers: writersOf(train.samples) }),
  build: ({ backend, config, saved: { alphabet }, generator }) =>
    new CTCRecognizer({ ...config, backend, inputSize: featureCount, classes: alphabet.length + 1, generator }),
  batches: ({ part: { samples }, config: { batchSize }, saved: { alphabet }, seed }) =>
    batchesOfThread<LabelledBatch, TrainingBatchOptions>(batchWorker, {
      samples,
      drawnShare: drawnShare(samples),
      alphabet,
      batchSize,
      seed,
    }),
  loss: ctcBatchLoss,
  optimizer: recognizerOptimizer,
  watched: (validation) => ({ ...validation, length: Math.min(watchedStrings, validation.length) }),
  evaluate: async ({ model, saved: { alphabet } }, { part, inference }) => {
    const { error } = await evaluate(model, alphabet, drawTestSet(part), inference);
    return { characterErrorRate: error.rate };
  },
  examples: examplesOf,
  async *predict({ model, saved: { alphabet } }, files, inference) {
    for await (const file of files) {
      const samples = await readWriting(file);
      const sequences = samples.map(({ ink }) => inkFeatures(ink));
      const readings = await searchReadings(await readSequences(model, sequences), alphabet, inference);
      for (const [i, { labels }] of readings.entries())
        yield `${file}  ${samples[i]!.label}  ${labels.map((label) => alphabet[label]!).join('')}\n`;
    }
  },
  report: inkReport,
});

/** The fewer samples there are, the more drawn text is mixed in. */
function drawnShare(samples: readonly Sample[]): number {
  return 1000 / (1000 + samples.length);
}

async function readWriting(file: string): Promise<readonly Sample[]> {
  if (file === '') throw new UsageError('[predict] an empty line; expected the path of a UNIPEN or JSON-lines file');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(
      `[data] cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? String(error)}); check the path`,
      { cause: error },
    );
  });
  return file.endsWith('.jsonl') ? parseJsonLines(text, file) : parseUnipen(text, file);
}
