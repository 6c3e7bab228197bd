import { defineApp, setting, whole, between } from '@timestep/app-shared';
import { Generator } from '@timestep/core';
import { bceWithLogitsLoss, generatedData } from '@timestep/train';
import * as v from 'valibot';
import { encode } from './batch.ts';
import { judge, readStrings } from './judge.ts';
import { endMark, type Language, type LanguageName, languageNames, languages } from './languages.ts';
import { cellNames, GrammarNetwork } from './network.ts';
import { grammarReport } from './report.ts';

/** Strings of one language. */
export interface Strings {
  readonly language: LanguageName;
  readonly strings: readonly string[];
  readonly length: number;
}

const randomStrings = 1000;

export const grammar = defineApp({
  name: 'grammar',
  summary: 'A small LSTM learns formal languages from short strings and is judged on long ones.',
  config: v.strictObject({
    language: setting(v.picklist(languageNames), 'anbn', `one of ${languageNames.join(', ')}`),
    cell: setting(v.picklist(cellNames), 'lstm', `one of ${cellNames.join(', ')}`),
    hiddenSize: setting(whole(1, 512), 4, 'units of the recurrent layer'),
    learningRate: setting(between(0, 1), 0.01, 'the highest learning rate'),
    weightDecay: setting(between(0, 1), 0, 'decay of the weights'),
    batchSize: setting(whole(1, 4096), 32, 'strings of an update'),
  }),
  inference: v.strictObject({}),
  steps: 8000,
  decides: { metric: 'accuracy', mode: 'max' },
  validateEvery: 200,
  shippedModel: new URL('../data/grammar.safetensors', import.meta.url),

  savedSchema: v.strictObject({ language: v.picklist(languageNames) }),
  read: ({ config }) => {
    const name = config.language;
    const language: Language = languages[name];
    const part = (subset: 'train' | 'validation' | 'test'): Strings => {
      const strings = drawStrings(language, subset);
      return { language: name, strings, length: strings.length };
    };
    return Promise.resolve({
      train: part('train'),
      validation: part('validation'),
      test: part('test'),
      about: language.about,
    });
  },
  prepare: ({ language }) => ({ language }),
  build: ({ backend, config: { cell, hiddenSize, language }, generator }) =>
    new GrammarNetwork({
      backend,
      symbols: languages[language].symbols.length,
      cell,
      hiddenSize,
      generator,
    }),
  batches: ({ part, config, seed }) =>
    generatedData(
      (_, random) => ({
        language: languages[part.language],
        strings: Array.from({ length: config.batchSize }, () => part.strings[random.integer(part.length)]!),
      }),
      { seed },
    ),
  loss: (network, { language, strings }: { language: Language; strings: readonly string[] }) => {
    const { x, legal, mask } = encode(network.output.weight.backend, language, strings);
    return bceWithLogitsLoss(network.forward(x), legal, { mask });
  },
  evaluate: async ({ model }, { part }) => {
    const language: Language = languages[part.language];
    const right = await judge(model, language, part.strings);
    const firstWrong = right.indexOf(false);
    const longest = firstWrong < 0 ? right.length - 1 : firstWrong - 1;
    return {
      accuracy: right.filter(Boolean).length / right.length,
      // The strings are in the order of n: all up to this one are right.
      ...(language.ofSize ? { longestRight: longest < 0 ? 0 : countFirst(part.strings[longest]!) } : {}),
    };
  },
  async *predict({ model, saved }, inputs) {
    const language: Language = languages[saved.language];
    for await (const input of inputs) yield `${await answer(model, language, input.trim())}\n`;
  },
  report: ({ model }, { part }) => grammarReport(model, languages[part.language], part.strings),
});

/** Strings with a fixed seed for each part, so that training never sees those of the test. */
function drawStrings(language: Language, subset: 'train' | 'validation' | 'test'): string[] {
  const size = language.sizes[subset];
  const { ofSize } = language;
  if (ofSize) {
    const all = Array.from({ length: size }, (_, i) => i + 1);
    // Validations are frequent: beyond the lengths of training, every 25th is enough for them.
    const kept = subset === 'validation' ? all.filter((n) => n <= language.sizes.train || n % 25 === 0) : all;
    return kept.map(ofSize);
  }
  const random = new Generator(['train', 'validation', 'test'].indexOf(subset) + 1);
  const drawn = new Set<string>();
  for (let tries = 0; drawn.size < randomStrings && tries < 100 * randomStrings; tries++) {
    drawn.add(language.draw(random, size));
  }
  return [...drawn];
}

/** How often the first symbol comes before the second: n. */
function countFirst(string: string): number {
  return string.lastIndexOf(string[0]!) + 1;
}

async function answer(network: GrammarNetwork, language: Language, input: string): Promise<string> {
  const unknown = Array.from(input).find((symbol) => !language.symbols.includes(symbol));
  if (input === '') return 'an empty line: write symbols, such as those of the language';
  if (unknown !== undefined)
    return `${input}: unknown symbol ${unknown}; expected ${Array.from(language.symbols).join(' ')}`;
  const whole = input.endsWith(endMark) ? input : `${input}${endMark}`;
  const [predicted] = await readStrings(network, language.symbols, [whole]);
  for (let t = 1; t < whole.length; t++) {
    if (!predicted![t - 1]!.includes(whole[t]!))
      return `${input}: wrong at ${t + 1} (${whole[t]!}); after ${whole.slice(0, t)} comes ${Array.from(predicted![t - 1]!).join(' or ') || 'nothing'}`;
  }
  return `${input}: belongs to the language`;
}
