import {
  alphabetOf,
  between,
  defineApp,
  type HashedText,
  setting,
  textUnits,
  UsageError,
  whole,
} from '@timestep/app-shared';
import { add, affine, mean, tensor } from '@timestep/core';
import { batchTokens, bucketByLength } from '@timestep/datasets';
import { crossEntropyLoss, epochData, SlotF1 } from '@timestep/train';
import * as v from 'valibot';
import { Dialogue } from './dialogue.ts';
import type { Example, Examples } from './example.ts';
import { readExamples } from './examples.ts';
import { IntentTagger } from './network.ts';
import { chatReport } from './report.ts';
import { hashText, type Reading, type SavedLabels, understand, type Understood } from './understand.ts';

const config = v.strictObject({
  unit: setting(v.picklist(textUnits), 'word', 'what a step is: word or character'),
  buckets: setting(whole(16, 2 ** 20), 1024, 'rows of the table of units; that of their parts has twice as many'),
  features: setting(whole(1, 512), 20, 'features of a unit, and of its parts'),
  hiddenSize: setting(whole(1, 1024), 48, 'units of the LSTM in each direction'),
  numLayers: setting(whole(1, 4), 1, 'layers of the LSTM'),
  dropout: setting(between(0, 0.9), 0.4, 'dropout before and after the LSTM'),
  hide: setting(between(0, 0.9), 0.2, 'share of words that training hides, so that it learns from their parts'),
  batchSize: setting(whole(1, 4096), 32, 'sentences of an update'),
  learningRate: setting(between(0, 1), 0.004, 'the highest learning rate'),
  weightDecay: setting(between(0, 1), 0.01, 'decay of the weights'),
  clipNorm: setting(between(0.001, 1000), 5, 'the largest norm of a gradient'),
});
type Config = v.InferOutput<typeof config>;

/** Settings for data sets of some thousand sentences. */
const large: Partial<Config> = { buckets: 8192, features: 80, hiddenSize: 128, dropout: 0.5, learningRate: 0.003 };

const readingOf = ({ unit, buckets }: Config): Reading => ({ unit, sizes: { units: buckets, parts: 2 * buckets } });

interface Batch {
  readonly texts: readonly HashedText[];
  readonly intents: Int32Array;
  /** One for each unit; none without slots */
  readonly tags: readonly Int32Array[];
}

export const chatbot = defineApp({
  name: 'chatbot',
  summary: 'Intent and slots of a sentence, in English and Korean, and a dialogue that asks for what is missing.',
  config,
  inference: v.strictObject({}),
  steps: 1200,
  decides: { metric: 'frameAccuracy', mode: 'max' },
  shippedModel: new URL('../data/chatbot.safetensors', import.meta.url),

  read: async ({ folder, config: { batchSize } }) => {
    const { train, validation, test, about } = await readExamples(folder);
    const count = (train ?? validation ?? test ?? []).length;
    const parts = { train, validation, test, about: `${count} ${about}` };
    if (folder === null) return parts;
    const hasTags = (train ?? validation ?? test)?.some(({ tags }) => tags !== null) ?? false;
    const epochs = hasTags ? Math.min(40, Math.max(8, 250000 / Math.max(1, count))) : 10;
    const settings: Partial<Config> = hasTags ? large : { ...large, unit: 'character', batchSize: 64, hide: 0.05 };
    return {
      ...parts,
      settings,
      steps: Math.ceil((epochs * Math.max(1, count)) / (settings.batchSize ?? batchSize)),
    };
  },

  savedSchema: v.strictObject({
    intents: v.array(v.string()),
    tags: v.array(v.string()),
    usual: v.record(v.string(), v.array(v.string())),
    alphabet: v.string(),
  }),
  prepare: (examples, { unit }) => {
    const intents = [...new Set(examples.map(({ intent }) => intent))].sort();
    const tags = [...new Set(examples.flatMap(({ tags: own }) => own ?? []))].sort();
    if (tags.length > 0 && unit === 'character')
      throw new UsageError('[train] these data have a tag for each word; use --unit word');
    const usual: Record<string, string[]> = {};
    for (const intent of intents) usual[intent] = usualSlots(examples, intent);
    return { intents, tags, usual, alphabet: alphabetOf(examples.map(({ text }) => text)) };
  },

  build: ({ backend, config: settings, saved, generator }) =>
    new IntentTagger({
      backend,
      generator,
      ...settings,
      sizes: readingOf(settings).sizes,
      intents: saved.intents.length,
      tags: saved.tags.length,
    }),

  batches: ({ part, config: settings, saved, seed }) => {
    const known = part.flatMap((example) => {
      const text = hashText(example.text, readingOf(settings));
      return text ? [{ ...example, hashed: text }] : [];
    });
    const lengths = known.map(({ hashed }) => hashed.own.length);
    return epochData<Batch>(
      (random) => bucketByLength(lengths, { batchSize: settings.batchSize, random }),
      (indices) => ({
        texts: indices.map((index) => known[index]!.hashed),
        intents: Int32Array.from(indices, (index) => saved.intents.indexOf(known[index]!.intent)),
        tags:
          saved.tags.length === 0
            ? []
            : indices.map((index) => Int32Array.from(known[index]!.tags ?? [], (tag) => saved.tags.indexOf(tag))),
      }),
      { seed },
    );
  },

  loss: (network, { texts, intents, tags }) => {
    const { backend } = network.intentHead.weight;
    const answers = network.forward(texts);
    const intent = crossEntropyLoss(answers.intents, tensor(backend, intents));
    if (!answers.emissions || !network.crf) return intent;
    const { tokens, shape, lengths } = batchTokens(tags);
    const losses = network.crf.forward(answers.emissions, tensor(backend, tokens, { shape: [...shape] }), { lengths });
    return add(intent, affine(mean(losses), 0.5));
  },

  evaluate: async ({ model, config: settings, saved }, { part }) => {
    const found = await understandAll(model, part, settings, saved);
    const hasSlots = saved.tags.length > 0;
    const slots = new SlotF1();
    const right = part.map(({ intent }, n) => found[n]?.intent === intent);
    const pairs = part.map(({ tags }, n) => [found[n]?.tags ?? [], tags ?? []] as const);
    if (hasSlots)
      slots.update(
        pairs.map(([mine]) => mine),
        pairs.map(([, theirs]) => theirs),
      );
    const whole = pairs.filter(([mine, theirs], n) => right[n] && (!hasSlots || mine.join(' ') === theirs.join(' ')));
    return {
      intentAccuracy: right.filter(Boolean).length / part.length,
      ...(hasSlots ? { slotF1: slots.compute() } : {}),
      frameAccuracy: whole.length / part.length,
    };
  },

  examples: async ({ model, config: settings, saved }, { part }) => {
    const some = part.slice(0, 6);
    const found = await understandAll(model, some, settings, saved);
    return some.map(({ text }, n) => `${text} → ${inWords(found[n])}`);
  },

  async *predict({ model, config: settings, saved }, inputs) {
    const dialogue = new Dialogue((line) => understandLine(model, line, settings, saved), saved);
    for await (const line of inputs) yield `${await dialogue.reply(line)}\n`;
  },

  report: async ({ model, config: settings, saved }, { part }) => {
    const some = part.slice(0, 2000);
    const found = await understandAll(model, some, settings, saved);
    const dialogue = new Dialogue((line) => understandLine(model, line, settings, saved), saved);
    const conversation: [string, string][] = [];
    for (const line of linesToTry(some, saved)) conversation.push([line, await dialogue.reply(line)]);
    const kept = some.filter((_, n) => found[n]);
    const read = found.filter((one) => one !== null);
    return chatReport(kept, read, conversation, settings.unit === 'word' ? ' ' : '');
  },
});

/** Reads examples; null for one without words. */
async function understandAll(
  network: IntentTagger,
  examples: readonly Pick<Example, 'text'>[],
  settings: Config,
  saved: SavedLabels,
): Promise<(Understood | null)[]> {
  const texts = examples.map(({ text }) => hashText(text, readingOf(settings)));
  const found = await understand(
    network,
    texts.filter((text) => text !== null),
    saved,
  );
  let next = 0;
  return texts.map((text) => (text === null ? null : found[next++]!));
}

/** The training data have no punctuation behind a word, so that it is taken off here. */
async function understandLine(network: IntentTagger, line: string, settings: Config, saved: SavedLabels) {
  const plain = line.replaceAll(/(?<=[\p{L}\d])[?!.,…]+(?=\s|$)/gu, '');
  const [found] = await understandAll(network, [{ text: plain }], settings, saved);
  return found ?? null;
}

/** The slots that most sentences of an intent have. */
function usualSlots(examples: Examples, intent: string): string[] {
  const own = examples.filter((example) => example.intent === intent);
  const counts = new Map<string, number>();
  for (const { tags } of own) {
    for (const slot of new Set((tags ?? []).filter((tag) => tag !== 'O').map((tag) => tag.slice(2))))
      counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 0.45 * own.length).map(([slot]) => slot);
}

/** Lines for the report's conversation: the sample's, or sentences of the data. */
function linesToTry(examples: Examples, { intents }: SavedLabels): string[] {
  if (intents.includes('alarm') && intents.includes('restaurant'))
    return [
      'hello',
      'What time is it?',
      'weather in Seoul tomorrow',
      'find a sushi restaurant',
      'in berlin',
      '내일 날씨 어때',
      '부산',
    ];
  return examples.slice(0, 6).map(({ text }) => text);
}

function inWords(found: Understood | null | undefined): string {
  if (!found) return 'nothing';
  const slots = found.slots.map(({ type, value }) => `${type} = ${value}`);
  return [found.intent, ...(slots.length > 0 ? [slots.join(', ')] : [])].join(': ');
}
