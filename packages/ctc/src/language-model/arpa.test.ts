import { describe, expect, test } from 'vitest';
import { randomInteger, randomSource } from '../test-support/random.ts';
import { readArpa } from './arpa.ts';

const small = `made by hand

\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-1.0\t<unk>\t0
-99\t<s>\t-0.3
-0.9\t</s>
-0.5\ta\t-0.2
-0.7\tb\t-0.1

\\2-grams:
-0.4\t<s> a\t-0.25
-0.6\ta b\t-0.15
-0.35\tb a

\\3-grams:
-0.2\t<s> a b

\\end\\
`;

test('backs off as the format says', () => {
  const model = readArpa(small);
  expect(model.order).toBe(3);
  expect(model.size).toBe(9);
  const log10 = (words: string): number => model.score(words === '' ? [] : words.split(' ')) / Math.LN10;
  // <s> a | <s> a b | (a b) → b: backoff(a b) + backoff(b) + </s>
  expect(log10('a b')).toBeCloseTo(-0.4 - 0.2 + (-0.15 - 0.1 - 0.9), 6);
  expect(log10('')).toBeCloseTo(-0.3 - 0.9, 6);
  // An unknown word is <unk>, after which there is no history.
  expect(log10('a zebra b')).toBeCloseTo(-0.4 + (-0.25 - 0.2 - 1.0) - 0.7 + (-0.1 - 0.9), 6);
  expect(model.score(['b'], { end: false }) / Math.LN10).toBeCloseTo(-0.3 - 0.7, 6);
});

test('unknown words as in KenLM: <UNK> is <unk>; without either, 10⁻¹⁰⁰ after the back-off weights', () => {
  const capitals = readArpa(small.replace('<unk>', '<UNK>'));
  expect(capitals.data).toEqual(readArpa(small).data);
  expect(capitals.hasUnknown).toBe(true);
  expect(capitals.index('zebra')).toBe(capitals.index('<UNK>'));
  expect(() => readArpa(small.replace('-0.7\tb\t-0.1', '-0.7\t<UNK>'))).toThrow(/the word "<UNK>" occurs twice/u);

  const none = readArpa(small.replace('-1.0\t<unk>\t0\n', '').replace('ngram 1=5', 'ngram 1=4'));
  expect(none.hasUnknown).toBe(false);
  // <s> a | back-offs of "<s> a" and "a", then −100 | b | back-off of b, </s>
  const expected = -0.4 + (-0.25 - 0.2 - 100) - 0.7 + (-0.1 - 0.9);
  expect(none.score(['a', 'zebra', 'b']) / Math.LN10).toBeCloseTo(expected, 4);
});

/** A model as a plain map from words to log10 values: the oracle. */
type Entries = Map<string, { logProbability: number; backoff: number }>;

function oracle(entries: Entries, history: string[], word: string, order: number): number {
  const context = order === 1 ? [] : history.slice(-(order - 1));
  const entry = entries.get([...context, word].join(' '));
  if (entry) return entry.logProbability;
  const backoff = entries.get(context.join(' '))?.backoff ?? 0;
  return backoff + oracle(entries, context.slice(1), word, context.length);
}

test('1,000 random models, pruned ones with histories that have no entry among them', () => {
  const random = randomSource(21);
  for (let round = 0; round < 1000; round++) {
    const words = ['x', 'y', 'ß', 'z'];
    const order = 1 + randomInteger(random, 4);
    const entries: Entries = new Map();
    const sections: string[][] = Array.from({ length: order }, () => []);
    for (let n = 1; n <= order; n++) {
      for (let code = 0; code < words.length ** n; code++) {
        if (n > 1 && random() < 0.6) continue;
        const gram = Array.from(
          { length: n },
          (_, k) => words[Math.floor(code / words.length ** k) % words.length]!,
        ).join(' ');
        const [logProbability, backoff] = [-Number((3 * random()).toFixed(6)), Number((random() - 0.6).toFixed(5))];
        const hasBackoff = n < order && random() < 0.8;
        entries.set(gram, { logProbability, backoff: hasBackoff ? backoff : 0 });
        sections[n - 1]!.push(hasBackoff ? `${logProbability}\t${gram}\t${backoff}` : `${logProbability} ${gram}`);
      }
    }
    const header = sections.map((lines, n) => `ngram ${n + 1}=${lines.length}`).join('\n');
    const model = readArpa(
      `\\data\\\n${header}\n${sections.map((lines, n) => `\\${n + 1}-grams:\n${lines.join('\r\n')}\n`).join('\n')}\\end\\`,
    );
    const sentence = Array.from({ length: 6 }, () => words[randomInteger(random, words.length)]!);
    let expected = 0;
    sentence.forEach((word, k) => (expected += oracle(entries, sentence.slice(0, k), word, order)));
    expect(model.score(sentence, { end: false }) / Math.LN10).toBeCloseTo(expected, 4);
  }
});

describe('a malformed file is refused with the number of its line', () => {
  const broken: [what: string, text: string, message: RegExp][] = [
    ['no data', 'hello', /line 1: the file has no line/u],
    ['nothing at all', '', /line 0: the file has no line/u],
    ['no counts', '\\data\\\n\\1-grams:\n\\end\\', /line 2: the header gives no counts/u],
    ['counts out of order', '\\data\\\nngram 2=1\n', /line 2: expected "ngram 1/u],
    [
      'a section that is missing',
      small.replace('\\2-grams:', '\\3-grams:'),
      /line 15: expected the section \\2-grams/u,
    ],
    [
      'too few n-grams',
      small.replace('ngram 2=3', 'ngram 2=4'),
      /line 20: the header promises 4 n-grams of order 2, got 3/u,
    ],
    ['a number that is none', small.replace('-0.5\ta', '-0.x5\ta'), /line 12: expected a number, got "-0.x5"/u],
    ['a probability above 1', small.replace('-0.7\tb', '0.7\tb'), /line 13: the log-probability 0.7 is above 0/u],
    ['a word without a unigram', small.replace('a b\t-0.15', 'a c\t-0.15'), /line 17: the word "c" has no unigram/u],
    ['a word that occurs twice', small.replace('\tb\t-0.1', '\ta\t-0.1'), /line 13: the word "a" occurs twice/u],
    ['an n-gram that occurs twice', small.replace('b a\n', '<s> a\n'), /line 18: the n-gram occurs twice/u],
    ['too few words', small.replace('<s> a b', '<s> a'), /line 21: expected 3 words, got 2/u],
    [
      'too many fields',
      small.replace('-0.6\ta b\t-0.15', '-0.6\ta b\t-0.15 1'),
      /line 17: expected 2 words and a back-off weight, got more/u,
    ],
    ['no end', small.replace('\\end\\', ''), /expected \\end\\, got the end of the file/u],
    [
      'counts that no file could hold',
      small.replace('ngram 3=1', 'ngram 3=99999999999'),
      /line 23: the header promises 99999999999/u,
    ],
  ];
  test.each(broken)('%s', (_, text, message) => {
    expect(() => readArpa(text)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_ARPA', message: expect.stringMatching(message) as string }),
    );
  });
});

test('numbers are read as JavaScript reads them', () => {
  const random = randomSource(22);
  const texts = [
    '-0',
    '-1e-3',
    '-2.5E+1',
    '-inf',
    '-0.12345678901234567890',
    '-7.',
    ...Array.from({ length: 500 }, () => (-10 * random()).toFixed(1 + randomInteger(random, 9))),
  ];
  const lines = texts.map((text, k) => `${text}\tw${k}`).join('\n');
  const model = readArpa(`\\data\\\nngram 1=${texts.length}\n\\1-grams:\n${lines}\n\\end\\\n`);
  texts.forEach((text, k) => {
    const value = text === '-inf' ? -Infinity : Number(text);
    expect(model.score([`w${k}`], { end: false })).toBe(Math.fround(value * Math.LN10) + 0);
  });
});
