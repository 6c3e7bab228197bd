import { readFile } from 'node:fs/promises';
import { between, defineApp, setting, UsageError, whole } from '@timestep/app-shared';
import { tensor } from '@timestep/core';
import type { LSTMState } from '@timestep/layers';
import { crossEntropyLoss } from '@timestep/train';
import * as v from 'valibot';
import { type TrainingWindow, trainingWindows } from './batches.ts';
import { type Corpus, readCorpus, splitText } from './corpus.ts';
import { judgeCorpus } from './judge-corpus.ts';
import { LanguageNetwork } from './network.ts';
import { languageReport } from './report.ts';
import { symbolsOf, unitNames, units } from './units.ts';
import { makeVocabulary, vocabularyOf } from './vocabulary.ts';
import { continueText } from './write.ts';

const sample = new URL('../data/sample.txt', import.meta.url);
const config = v.strictObject({
  unit: setting(
    v.picklist(unitNames, `expected one of ${unitNames.join(', ')}`),
    'character',
    'word, character, syllable or jamo',
  ),
  hiddenSize: setting(whole(1, 4096), 112, 'units of a layer, and the size of the embedding'),
  layers: setting(whole(1, 8), 1, 'recurrent layers'),
  dropout: setting(between(0, 0.95), 0.3, 'the share of units that training leaves out'),
  batchSize: setting(whole(1, 4096), 16, 'streams that the text is cut into'),
  window: setting(whole(1, 4096), 48, 'symbols that gradients go back'),
  learningRate: setting(between(0, 1), 0.006, 'the highest learning rate'),
  candidates: setting(whole(0), 0, 'symbols besides the right ones that a training step scores; 0 for all'),
  weightDecay: setting(between(0, 10), 0.01, 'the decay of the weights'),
  clipNorm: setting(between(0, 1000), 1, 'the longest gradient'),
});

const inference = v.strictObject({
  length: setting(whole(1, 1_000_000), 240, 'symbols that predict writes'),
  temperature: setting(between(0, 100), 0.7, 'below 1 writes what is likely, above 1 what is not'),
  topP: setting(between(0.0001, 1), 0.95, 'writes only the likeliest symbols, of this probability together'),
  writingSeed: setting(whole(0, 2 ** 32 - 1), 1, 'fixes what predict writes'),
  ngram: setting(whole(0, 9), 0, 'evaluate and report fit an n-gram model of this order beside; 0 for none'),
});

export const languageModel = defineApp({
  name: 'language-model',
  summary:
    'An LSTM learns to write as its text does: words, characters, Korean syllables or jamo; perplexity beside an n-gram model.',
  config,
  inference,
  steps: 700,
  decides: { metric: 'perplexity', mode: 'min' },
  shippedModel: new URL('../data/language-model.safetensors', import.meta.url),

  read: async ({ folder, config }) => {
    if (folder === null)
      return { ...splitText(await readFile(sample, 'utf8')), about: 'Nineteen sonnets by William Shakespeare' };
    const { name, ...parts } = await readCorpus(folder);
    const lines = Object.entries(parts).map(
      ([part, { length }]) => `${length.toLocaleString('en')} lines to ${purposes[part]!}`,
    );
    return { ...parts, about: lines.join(', '), ...settingsFor(name, config.unit, parts.train) };
  },
  prepare: (train, { unit }) => makeVocabulary(symbolsOf(train.text, units[unit]), units[unit].end),
  build: ({ backend, config, saved, generator }) =>
    new LanguageNetwork({ ...config, backend, symbols: saved.tokens.length, generator }),
  batches: ({ part, config: { unit, window, batchSize, candidates }, saved, seed }) => {
    const symbols = vocabularyOf(saved).encode(symbolsOf(part.text, units[unit]));
    if (symbols.length <= window * batchSize)
      throw new UsageError(
        `[train] the text has ${symbols.length} symbols, expected more than ${window * batchSize} for one batch; pass a smaller --batch-size or --window`,
      );
    // A text of words marks its unknown words itself, or has them all in the vocabulary.
    return trainingWindows(symbols, {
      steps: window,
      batch: batchSize,
      seed,
      unknown: unit === 'word' ? null : 0,
      size: saved.tokens.length,
      candidates,
    });
  },
  loss: (network: LanguageNetwork, { inputs, targets, shape, first, candidates }: TrainingWindow, { carried }) => {
    const { backend } = network.bias;
    // The state is what this loss returned for the window before.
    const state = first ? null : (carried as LSTMState | null);
    const { output, state: after } = network.features(tensor(backend, inputs, { shape }), { state });
    const logits = candidates ? network.logitsOf(output, candidates) : network.logits(output);
    const labels = tensor(backend, candidates?.targets ?? targets, { shape });
    return { loss: crossEntropyLoss(logits, labels), state: { h: after.h, c: after.c } };
  },
  watched: (validation) => firstLines(validation, 1200),
  evaluate: ({ model, config, saved }, { part, inference, signal }) =>
    judgeCorpus(model, {
      corpus: part,
      unit: units[config.unit],
      vocabulary: vocabularyOf(saved),
      order: inference.ngram,
      signal,
    }),
  examples: async (trained, { part, inference }) => {
    const prompt = part.text.slice(0, part.text.indexOf('\n')).slice(0, 60);
    const written: string[] = [];
    for await (const piece of continueText(trained, prompt, inference)) written.push(piece);
    return ['', written.join('')];
  },
  async *predict(trained, inputs, inference) {
    for await (const input of inputs) {
      yield* continueText(trained, input, inference);
      yield '\n';
    }
  },
  report: languageReport,
});

const purposes: Readonly<Record<string, string>> = { train: 'train', validation: 'validate', test: 'test' };

function firstLines(corpus: Corpus, count: number): Corpus {
  const lines = corpus.text.split('\n').slice(0, count);
  return { ...corpus, text: `${lines.join('\n')}\n`, length: lines.length };
}

/** Settings for a data set of this size, and the updates of its epochs. */
function settingsFor(
  name: string,
  unit: (typeof unitNames)[number],
  train: Corpus | undefined,
): { readonly settings: Partial<v.InferOutput<typeof config>>; readonly steps: number } {
  const words = name === 'ptb' || unit === 'word';
  const settings = words
    ? {
        unit: 'word' as const,
        batchSize: 32,
        hiddenSize: 400,
        dropout: 0.4,
        window: 35,
        learningRate: 0.004,
        candidates: 1200,
      }
    : { batchSize: 32, hiddenSize: 256, dropout: 0.3, window: 64, learningRate: 0.006 };
  const epochs = 12;
  const symbols = train ? symbolsOf(train.text, units[words ? 'word' : unit]).length : 0;
  return {
    settings,
    steps: Math.max(1, epochs * Math.floor(symbols / (settings.batchSize * settings.window))),
  };
}
