import { between, defineApp, setting, UsageError, whole } from '@timestep/app-shared';
import { bucketByLength } from '@timestep/datasets';
import type { EncoderDecoder } from '@timestep/layers';
import { BLEU, epochData } from '@timestep/train';
import * as v from 'valibot';
import { drawSample, type Pairs, readCorpus } from './corpus.ts';
import { buildNetwork, encodePair, type TranslationBatch, translationLoss } from './network.ts';
import { translationReport } from './report.ts';
import { translate, type Translation } from './translate.ts';
import { tokenize, Units, type UnitsState } from './units.ts';

const language = v.pipe(v.string(), v.regex(/^[\w-]+$/u, 'expected the ending of a file, such as de or en'));

/** Settings for 29,000 pairs and more; the defaults suit the sample. */
const largeSettings = {
  units: 4000,
  embeddingSize: 192,
  hiddenSize: 192,
  dropout: 0.3,
  labelSmoothing: 0.1,
  learningRate: 0.003,
  batchSize: 64,
};
/** Settings for some thousand pairs, which are soon known by heart. */
const smallSettings = { ...largeSettings, units: 3000, dropout: 0.5 };

export const translation = defineApp({
  name: 'translation',
  summary: 'An encoder-decoder with attention translates sentences, and shows which words it looks at.',
  config: v.strictObject({
    from: setting(language, 'de', 'the language to translate from: the ending of its files'),
    to: setting(language, 'en', 'the language to translate to: the ending of its files'),
    units: setting(whole(1, 100_000), 300, 'byte-pair units of both languages together'),
    embeddingSize: setting(whole(1, 4096), 60, 'numbers of a unit; as many as hidden units ties it to the output'),
    hiddenSize: setting(whole(1, 4096), 60, 'units of the decoder, and of the encoder in each direction'),
    layers: setting(whole(1, 8), 1, 'recurrent layers of encoder and decoder'),
    dropout: setting(between(0, 0.9), 0.1, 'dropout on embeddings, between layers and before the output'),
    labelSmoothing: setting(between(0, 0.5), 0, 'probability that is spread over all units'),
    learningRate: setting(between(0, 1), 0.01, 'the highest learning rate'),
    weightDecay: setting(between(0, 1), 0.01, 'decay of the weights'),
    batchSize: setting(whole(1, 4096), 32, 'sentence pairs of an update'),
  }),
  inference: v.strictObject({
    beam: setting(whole(1, 64), 5, 'hypotheses of the beam search; 1 takes the best unit at each step'),
    lengthPenalty: setting(between(0, 4), 1, 'how much longer translations are favoured'),
  }),
  steps: 4000,
  decides: { metric: 'bleu', mode: 'max' },
  shippedModel: new URL('../data/translation.safetensors', import.meta.url),

  read: async ({ folder, config }) => {
    const { from, to } = config;
    if (from === to) throw new UsageError(`[translation] --from and --to are both ${from}; name two languages`);
    if (folder === null)
      return { ...drawSample(config), about: `Counts, dates and times of the clock, from ${from} to ${to}` };
    const corpus = await readCorpus(folder, config);
    const size = corpus.train?.length ?? 0;
    const pairs = corpus.train ? size : (corpus.test ?? corpus.validation)!.length;
    const isLarge = size >= 10_000;
    return {
      ...corpus,
      about: `${pairs.toLocaleString('en')} sentence pairs from ${from} to ${to}`,
      settings: isLarge ? largeSettings : smallSettings,
      steps: isLarge ? 4500 : 1500,
    };
  },
  savedSchema: v.strictObject({
    merges: v.array(v.tuple([v.string(), v.string()])),
    source: v.array(v.string()),
    target: v.array(v.string()),
    tokenized: v.boolean(),
  }),
  prepare: (train, { units }): UnitsState => Units.learn(train, units),
  build: ({ backend, config, saved, generator }) => buildNetwork(backend, new Units(saved), config, generator),
  batches: ({ part, config: { batchSize, labelSmoothing }, saved, seed }) => {
    const units = new Units(saved);
    const encoded = part.pairs.map((pair) => encodePair(units, pair)).filter(({ source }) => source.length > 0);
    const lengths = encoded.map(({ source, target }) => source.length + target.length);
    return epochData<TranslationBatch>(
      (random) => bucketByLength(lengths, { batchSize, random }),
      (indices) => ({
        sources: indices.map((i) => encoded[i]!.source),
        targets: indices.map((i) => encoded[i]!.target),
        labelSmoothing,
      }),
      { seed },
    );
  },
  loss: translationLoss,
  watched: (validation): Pairs => ({
    ...validation,
    pairs: validation.pairs.slice(0, 1000),
    length: Math.min(1000, validation.length),
    quick: true,
  }),
  evaluate: async (trained, { part, inference, signal }) => {
    const search = part.quick ? { ...inference, beam: 1 } : inference;
    return score(await translatePart(trained, part, search, signal), part);
  },
  examples: async (trained, { part, inference }) => {
    const few = { ...part, pairs: part.pairs.slice(0, 8) };
    const found = await translatePart(trained, few, inference);
    return few.pairs.flatMap(({ source, target }, i) => [
      '',
      `  ${trained.config.from}    ${source}`,
      `  ${trained.config.to}    ${target}`,
      `  model ${found[i]!.text}`,
    ]);
  },
  async *predict(trained, inputs, inference) {
    const units = new Units(trained.saved);
    for await (const input of inputs) {
      const text = units.tokenized ? tokenize(input) : input.normalize('NFC').trim();
      const known = units.split(text).filter((unit) => units.source.has(unit));
      if (text === '') yield `an empty line: write a sentence in ${trained.config.from}\n`;
      else if (known.length === 0)
        yield `${input}: no letter of it is known; the model translates from ${trained.config.from} to ${trained.config.to}\n`;
      else {
        const [found] = await translate(trained, units, [text], inference);
        yield `${found!.text}\n`;
      }
    }
  },
  report: async (trained, { part, inference }) => {
    const shown = { ...part, pairs: part.pairs.slice(0, 200) };
    return translationReport(trained.config, shown, await translatePart(trained, shown, inference));
  },
});

async function translatePart(
  trained: {
    readonly backend: Parameters<typeof translate>[0]['backend'];
    readonly model: EncoderDecoder;
    readonly saved: UnitsState;
  },
  part: Pairs,
  search: Parameters<typeof translate>[3],
  signal?: AbortSignal,
): Promise<Translation[]> {
  const sources = part.pairs.map(({ source }) => source);
  return translate(trained, new Units(trained.saved), sources, search, signal);
}

/** BLEU as sacrebleu has it: tokenised text as it is, other text by the rules of mteval-v13a. */
function score(found: readonly Translation[], { pairs, tokenized }: Pairs): { bleu: number; accuracy: number } {
  const texts = found.map(({ text }) => text);
  const references = pairs.map(({ target }) => target);
  const bleu = new BLEU({ tokenize: tokenized ? 'none' : '13a' });
  bleu.update(texts, references);
  return { bleu: bleu.compute(), accuracy: texts.filter((text, i) => text === references[i]).length / texts.length };
}
