import { between, defineApp, setting, whole } from '@timestep/app-shared';
import { type Backend, tensor } from '@timestep/core';
import { Vocabulary, type VocabularyState, words } from '@timestep/datasets';
import { BLEU, crossEntropyLoss, epochData, shuffledBatches } from '@timestep/train';
import * as v from 'valibot';
import { type BaselineState, learnBaselines, nearestCaptions } from './baselines.ts';
import { cider } from './cider.ts';
import { type Caption, describePictures } from './describe.ts';
import { Captioner, pictureTensor } from './network.ts';
import { drawSample, inputKinds, type Picture, type Pictures, readPictures } from './pictures.ts';
import { readPng } from './read-png.ts';
import { captioningReport } from './report.ts';

/** What is saved with a model. */

type Saved = { readonly tokens: VocabularyState['tokens']; readonly baselines: BaselineState };

interface Batch {
  readonly pictures: readonly Picture[];
  /** Word numbers of a caption of each, with the end. */
  readonly captions: readonly Int32Array[];
  readonly input: (typeof inputKinds)[number];
}

const [unknown, start, end] = ['<unk>', '<s>', '</s>'];
const ignored = -100;

export const captioning = defineApp({
  name: 'captioning',
  summary: 'A network looks at a picture and writes a sentence about it, and shows where it looks for each word.',
  config: v.strictObject({
    input: setting(v.picklist(inputKinds), 'pixels', `what the network is given: ${inputKinds.join(' or ')}`),
    placeSize: setting(whole(17, 4096), 48, 'numbers of a place in the picture, 16 of them for its row and column'),
    embeddingSize: setting(whole(1, 4096), 32, 'numbers of a word'),
    hiddenSize: setting(whole(1, 4096), 64, 'units of the LSTM'),
    dropout: setting(between(0, 0.9), 0, 'dropout on places, words and before the output'),
    minimumCount: setting(whole(1, 1000), 1, 'how often the training captions must hold a word'),
    learningRate: setting(between(0, 1), 0.004, 'the highest learning rate'),
    weightDecay: setting(between(0, 1), 0.01, 'decay of the weights'),
    batchSize: setting(whole(1, 4096), 32, 'captions of an update'),
  }),
  inference: v.strictObject({
    beam: setting(whole(1, 64), 3, 'hypotheses of the beam search; 1 takes the best word at each step'),
  }),
  steps: 2400,
  decides: { metric: 'bleu4', mode: 'max' },
  shippedModel: new URL('../data/captioning.safetensors', import.meta.url),

  read: async ({ folder }) => {
    if (folder === null) return { ...drawSample(), about: 'Pictures of coloured shapes' };
    const parts = await readPictures(folder);
    const size = [parts.train, parts.validation, parts.test].reduce((sum, part) => sum + (part?.length ?? 0), 0);
    return {
      ...parts,
      about: `${size} photographs with captions`,
      settings: {
        input: 'features' as const,
        placeSize: 96,
        embeddingSize: 96,
        hiddenSize: 128,
        dropout: 0.5,
        minimumCount: 4,
        learningRate: 0.003,
      },
      steps: 600,
    };
  },
  prepare: (train, { minimumCount }): Saved => ({
    tokens: Vocabulary.from(
      train.pictures.flatMap(({ captions }) => captions.map(words)),
      { specials: [unknown, start, end], minimumCount },
    ).tokens,
    baselines: learnBaselines(train),
  }),
  build: ({ backend, config, saved, generator }) => {
    const vocabulary = vocabularyOf(saved);
    const symbols = { size: vocabulary.size, start: vocabulary.indexOf(start), end: vocabulary.indexOf(end) };
    return new Captioner(backend, symbols, config, generator);
  },
  batches: ({ part, config: { batchSize, input }, saved, seed }) => {
    const vocabulary = vocabularyOf(saved);
    const pairs = part.pictures.flatMap((picture) =>
      picture.captions.map((caption) => ({
        picture,
        caption: vocabulary.encode([...words(caption), end]),
      })),
    );
    return epochData<Batch>(
      (random) => shuffledBatches(pairs.length, batchSize, random),
      (indices) => ({
        pictures: indices.map((i) => pairs[i]!.picture),
        captions: indices.map((i) => pairs[i]!.caption),
        input,
      }),
      { seed },
    );
  },
  loss: (model, { pictures, captions, input }: Batch) => {
    const { backend } = model.head.weight;
    const given = padded(backend, captions, model.end);
    const logits = model.forward(pictureTensor(backend, input, pictures), given);
    return crossEntropyLoss(logits, padded(backend, captions, ignored), { ignoreIndex: ignored });
  },
  watched: (validation): Pictures => ({ ...validation, quick: true }),
  evaluate: async (trained, { part, inference, signal }) => {
    const beam = part.quick ? 1 : inference.beam;
    const found = await describePart(trained, part, beam, signal);
    return score(
      found.map(({ text }) => text),
      part,
    );
  },
  examples: async (trained, { part, inference }) => {
    const few = { ...part, pictures: part.pictures.slice(0, 6) };
    const found = await describePart(trained, few, inference.beam);
    return few.pictures.flatMap(({ name, captions }, i) => [
      '',
      `  ${name}`,
      `  truth  ${captions[0]!}`,
      `  model  ${found[i]!.text}`,
    ]);
  },
  async *predict(trained, inputs, { beam }) {
    for await (const input of inputs) {
      if (input.trim() === '') yield 'an empty line: write the path of a PNG file\n';
      else if (trained.config.input !== 'pixels')
        yield `${input}: this model is given features, not pixels; train one with --input pixels\n`;
      else {
        const { picture, error } = await readPng(input);
        if (!picture) yield `${input}: ${error}\n`;
        else {
          const [caption] = await describePart(trained, { pictures: [picture], length: 1 }, beam);
          yield `${input}: ${caption!.text}\n`;
        }
      }
    }
  },
  report: async (trained, { part, inference, metrics }) => {
    const { baselines } = trained.saved;
    const nearest = nearestCaptions(baselines, part.pictures);
    const rows = [
      { name: 'the network', metrics },
      { name: 'the caption of the nearest training picture', metrics: score(nearest, part) },
      {
        name: `always “${baselines.mostFrequent}”`,
        metrics: score(
          part.pictures.map(() => baselines.mostFrequent),
          part,
        ),
      },
    ];
    const shown = part.pictures.slice(0, 24);
    return captioningReport(rows, shown, await describePart(trained, { pictures: shown, length: 24 }, inference.beam));
  },
});

const vocabularyOf = ({ tokens }: Saved): Vocabulary => new Vocabulary(tokens, { unknown });

/** i32 `[T, N]` */
function padded(backend: Backend, captions: readonly Int32Array[], padding: number) {
  const [steps, count] = [Math.max(...captions.map(({ length }) => length)), captions.length];
  const values = new Int32Array(steps * count).fill(padding);
  captions.forEach((caption, n) => caption.forEach((word, t) => (values[t * count + n] = word)));
  return tensor(backend, values, { shape: [steps, count] });
}

async function describePart(
  trained: {
    readonly backend: Backend;
    readonly model: Captioner;
    readonly saved: Saved;
    readonly config: { readonly input: (typeof inputKinds)[number] };
  },
  { pictures }: Pictures,
  beam: number,
  signal?: AbortSignal,
): Promise<Caption[]> {
  return describePictures(trained, vocabularyOf(trained.saved), trained.config.input, pictures, beam, signal);
}

/** Accuracy counts a caption as right if it is one of the picture's. */
function score(texts: readonly string[], { pictures }: Pictures): { bleu4: number; cider: number; accuracy: number } {
  const references = pictures.map(({ captions }) => captions);
  const bleu = new BLEU({ tokenize: 'none' });
  bleu.update(texts, references);
  const right = texts.filter((text, i) => references[i]!.includes(text)).length;
  return { bleu4: bleu.compute(), cider: cider(texts, references), accuracy: right / texts.length };
}
