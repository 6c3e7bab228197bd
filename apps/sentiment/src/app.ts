import {
  alphabetOf,
  between,
  defineApp,
  type HashedText,
  isForeign,
  setting,
  textUnits,
  whole,
} from '@timestep/app-shared';
import { tensor } from '@timestep/core';
import { bucketByLength } from '@timestep/datasets';
import { crossEntropyLoss, epochData } from '@timestep/train';
import * as v from 'valibot';
import { hashText, probabilities, type Reading, sharesOfWords } from './classify.ts';
import type { Examples } from './example.ts';
import { type FormatName, readExamples } from './examples.ts';
import { SentimentNetwork } from './network.ts';
import { sentimentReport } from './report.ts';

const config = v.strictObject({
  unit: setting(v.picklist(textUnits), 'word', 'what a step is: word or character'),
  buckets: setting(whole(16, 2 ** 20), 1024, 'rows of the table of units'),
  partBuckets: setting(whole(16, 2 ** 20), 2048, 'rows of the table of their parts'),
  features: setting(whole(1, 512), 20, 'features of a unit, and of its parts'),
  hiddenSize: setting(whole(1, 1024), 40, 'units of the LSTM in each direction'),
  numLayers: setting(whole(1, 4), 1, 'layers of the LSTM'),
  dropout: setting(between(0, 0.9), 0.4, 'dropout before and after the LSTM'),
  hide: setting(between(0, 0.9), 0.1, 'share of units that training hides'),
  batchSize: setting(whole(1, 4096), 32, 'sentences of an update'),
  learningRate: setting(between(0, 1), 0.004, 'the highest learning rate'),
  weightDecay: setting(between(0, 1), 0.01, 'decay of the weights'),
});
type Config = v.InferOutput<typeof config>;

/** Settings that suit the data sets, and epochs. */
const tuned: Readonly<Record<FormatName, { readonly settings: Partial<Config>; readonly epochs: number }>> = {
  sst2: {
    settings: {
      buckets: 16384,
      partBuckets: 16384,
      features: 48,
      hiddenSize: 96,
      dropout: 0.6,
      hide: 0.2,
      batchSize: 64,
      learningRate: 0.002,
    },
    epochs: 6,
  },
  nsmc: {
    settings: {
      unit: 'character',
      buckets: 4096,
      partBuckets: 32768,
      features: 32,
      hiddenSize: 80,
      dropout: 0.5,
      batchSize: 64,
      learningRate: 0.003,
    },
    epochs: 4,
  },
};

const readingOf = ({ unit, buckets, partBuckets }: Config): Reading => ({
  unit,
  sizes: { units: buckets, parts: partBuckets },
});

interface Batch {
  readonly texts: readonly HashedText[];
  readonly labels: Int32Array;
}

export const sentiment = defineApp({
  name: 'sentiment',
  summary:
    'Tells whether a sentence is positive or negative, in English and Korean, and shades the words that decided.',
  config,
  inference: v.strictObject({}),
  steps: 800,
  decides: { metric: 'accuracy', mode: 'max' },
  averageDecay: 0.99,
  shippedModel: new URL('../data/sentiment.safetensors', import.meta.url),

  read: async ({ folder, config: { batchSize } }) => {
    const { train, validation, test, about, format } = await readExamples(folder);
    const count = (train ?? validation ?? test ?? []).length;
    const parts = { train, validation, test, about: `${count} ${about}` };
    if (format === null) return parts;
    const { settings, epochs } = tuned[format];
    return { ...parts, settings, steps: Math.ceil((epochs * count) / (settings.batchSize ?? batchSize)) };
  },
  savedSchema: v.strictObject({ alphabet: v.string() }),
  prepare: (examples) => ({ alphabet: alphabetOf(examples.map(({ text }) => text)) }),
  build: ({ backend, config: settings, generator }) =>
    new SentimentNetwork({ backend, generator, ...settings, sizes: readingOf(settings).sizes }),

  batches: ({ part, config: settings, seed }) => {
    const known = part.flatMap(({ text, positive }) => {
      const hashed = hashText(text, readingOf(settings));
      return hashed ? [{ hashed, positive }] : [];
    });
    const lengths = known.map(({ hashed }) => hashed.own.length);
    return epochData<Batch>(
      (random) => bucketByLength(lengths, { batchSize: settings.batchSize, random }),
      (indices) => ({
        texts: indices.map((index) => known[index]!.hashed),
        labels: Int32Array.from(indices, (index) => Number(known[index]!.positive)),
      }),
      { seed },
    );
  },
  loss: (network, { texts, labels }) =>
    crossEntropyLoss(network.forward(texts), tensor(network.head.weight.backend, labels), { labelSmoothing: 0.1 }),

  evaluate: async ({ model, config: settings }, { part }) => {
    const found = await probabilitiesOf(model, part, settings);
    return { accuracy: part.filter(({ positive }, n) => isRight(positive, found[n])).length / part.length };
  },

  examples: async ({ model, config: settings }, { part }) => {
    const some = part.slice(0, 6);
    const found = await probabilitiesOf(model, some, settings);
    return some.map(({ text }, n) => `${inWords(found[n])}: ${text}`);
  },

  async *predict({ model, config: settings, saved }, inputs) {
    const reading = readingOf(settings);
    for await (const line of inputs) {
      if (isForeign(line, saved.alphabet)) {
        yield `none of these letters was in the training data: ${line.trim()}\n`;
        continue;
      }
      const [probability] = await probabilities(model, [line], reading);
      if (probability === null || probability === undefined) {
        yield 'an empty line: write a sentence\n';
        continue;
      }
      const shares = await sharesOfWords(model, line, reading);
      const sign = probability >= 0.5 ? 1 : -1;
      const because = shares
        .filter(({ share }) => sign * share > 0.2)
        .toSorted((a, b) => sign * (b.share - a.share))
        .slice(0, 3)
        .map(({ word }) => word);
      yield `${inWords(probability)}${because.length > 0 ? ` (${because.join(', ')})` : ''}: ${line.trim()}\n`;
    }
  },

  report: async ({ model, config: settings }, { part }) => {
    const found = await probabilitiesOf(model, part, settings);
    const places = [...part.keys()].filter((n) => found[n] !== null);
    const sureness = (n: number): number => Math.abs(found[n]! - 0.5);
    const shown = (list: readonly number[]) =>
      Promise.all(
        list.map(async (n) => ({
          positive: part[n]!.positive,
          probability: found[n]!,
          shares: await sharesOfWords(model, part[n]!.text, readingOf(settings)),
        })),
      );
    const right = places.filter((n) => isRight(part[n]!.positive, found[n]));
    const wrong = places.filter((n) => !right.includes(n)).toSorted((a, b) => sureness(b) - sureness(a));
    return sentimentReport(part, found, await shown(right.slice(0, 14)), await shown(wrong.slice(0, 10)));
  },
});

function probabilitiesOf(network: SentimentNetwork, examples: Examples, settings: Config) {
  return probabilities(
    network,
    examples.map(({ text }) => text),
    readingOf(settings),
  );
}

function isRight(positive: boolean, probability: number | null | undefined): boolean {
  return typeof probability === 'number' && probability >= 0.5 === positive;
}

function inWords(probability: number | null | undefined): string {
  if (typeof probability !== 'number') return 'nothing to read';
  const positive = probability >= 0.5;
  return `${positive ? 'positive' : 'negative'} ${(100 * (positive ? probability : 1 - probability)).toFixed(0)} %`;
}
