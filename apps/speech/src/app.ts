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
import { downloadedData } from './data/download.ts';
import { createExtractor, defaultFeatures } from './data/features.ts';
import { readParts, savedSchema, speakersOf } from './data/parts.ts';
import { readSound } from './data/recordings.ts';
import type { TrainingBatchOptions } from './data/training-batches.ts';
import { digitNames, drawTestSet, evaluate } from './evaluation.ts';
import { examplesOf, speechReport } from './report/report.ts';
import { batchWorker } from './shipped.ts';

/** The share of the shipped synthetic voices beside recordings of the user's. */
const syntheticShare = 0.3;
/** Utterances of a validation during training. */
const watchedUtterances = 64;
/** The longest sound that is read in one piece, in seconds. */
const longest = 120;

export const speech = defineApp({
  name: 'speech',
  summary: 'A bidirectional LSTM with CTC writes down spoken digits.',
  config: recognizerConfig({
    convolutionSize: 128,
    convolutionKernel: 5,
    convolutionStride: 3,
    hiddenSize: 128,
    layers: 2,
    dropout: 0.3,
  }),
  inference: searchSettings,
  steps: 1000,
  // The validation part is what a run is judged on where no speaker is held out, so it must not choose the weights.
  decides: { metric: 'digitErrorRate', mode: 'min', keep: 'last' },
  validateEvery: 100,
  download: downloadedData,
  savedSchema,

  read: readParts,
  prepare: ({ recordings, mixed }) => ({
    features: { ...defaultFeatures },
    speakers: speakersOf([...recordings, ...mixed]),
  }),
  build: ({ backend, config, saved: { features }, generator }) =>
    new CTCRecognizer({
      ...config,
      backend,
      inputSize: features.bands,
      classes: digitNames.length + 1,
      generator,
    }),
  batches: ({ part: { recordings, mixed }, config: { batchSize }, saved: { features }, seed }) =>
    batchesOfThread<LabelledBatch, TrainingBatchOptions>(batchWorker, {
      sources: [
        { recordings, share: mixed.length > 0 ? 1 - syntheticShare : 1 },
        ...(mixed.length > 0 ? [{ recordings: mixed, share: syntheticShare }] : []),
      ],
      features,
      batchSize,
      seed,
    }),
  loss: ctcBatchLoss,
  optimizer: recognizerOptimizer,
  watched: (validation) => ({ ...validation, length: Math.min(watchedUtterances, validation.length) }),
  evaluate: async ({ model, saved }, { part, inference }) => {
    const { error } = await evaluate(model, drawTestSet(part, saved.features), inference);
    return { digitErrorRate: error.rate };
  },
  examples: examplesOf,
  async *predict({ model, saved }, files, inference) {
    const extract = createExtractor(saved.features);
    for await (const file of files) {
      if (file === '') throw new UsageError('[predict] an empty line; expected the path of a WAV file');
      const sound = extract(await readSound(file, longest));
      const [reading] = await searchReadings(await readSequences(model, [sound]), digitNames, inference);
      yield `${file}  ${reading!.labels.join(' ')}\n`;
    }
  },
  report: speechReport,
});
