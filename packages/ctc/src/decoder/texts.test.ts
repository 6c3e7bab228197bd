import { expect, test } from 'vitest';
import { readArpa } from '../language-model/arpa.ts';
import { pick, randomArpa } from '../test-support/arpa.ts';
import { logProbabilities } from '../test-support/enumerate.ts';
import { randomInteger, randomLogits, randomSource } from '../test-support/random.ts';
import { type OracleOptions, scoresOfTexts } from '../test-support/text-oracle.ts';
import { CTCBeamDecoder } from './decoder.ts';
import type { BeamDecoderOptions } from './options.ts';

type Random = () => number;

/** A decoder's options with everything drawn that changes the ranking, and the same for the oracle. */
function draw(random: Random): { options: BeamDecoderOptions; oracle: OracleOptions } {
  const hasSeparator = random() < 0.7;
  // "ab" can be said in two ways.
  const tokens = ['', 'a', 'b', ...(random() < 0.4 ? ['ab'] : []), ...(hasSeparator ? ['|'] : [])];
  const separator = hasSeparator ? tokens.length - 1 : -1;
  const letters = tokens.slice(1).filter((token) => token !== '|');
  const lexicon = random() < 0.5 ? drawLexicon(random, letters) : null;
  const tellsWords = lexicon !== null || hasSeparator;
  const unit = tellsWords && random() < 0.7 ? 'word' : 'token';
  const vocabulary = unit === 'token' ? tokens.slice(1) : lexicon ? ['one', 'two'] : ['a', 'ab', 'ba', 'b'];
  const unknown = pick(random, [['<unk>'], ['<UNK>'], []]);
  const arpa = (): string =>
    randomArpa(random, ['<s>', '</s>', ...unknown, ...vocabulary], 1 + randomInteger(random, 3));
  const model = random() < 0.7 ? readArpa(arpa()) : null;
  const hotWords = Object.fromEntries(
    ['a', 'ab', 'bb', ...(hasSeparator ? ['a b', 'ab a'] : [])]
      .filter(() => random() < 0.3)
      .map((phrase) => [phrase, 6 * random() - 1]),
  );
  const numbers = { alpha: 0.1 + random(), beta: 2 * random() - 1, unknownScore: -5 * random() };
  const end = random() < 0.5;
  const decoder: BeamDecoderOptions = {
    tokens,
    wordSeparator: hasSeparator ? '|' : null,
    lexicon: lexicon?.map(({ word, spelling }): [string, string[]] => [
      word,
      [...spelling, ...(hasSeparator && random() < 0.5 ? ['|'] : [])],
    ]),
    languageModel: model,
    unit,
    ...numbers,
    endOfSentence: end,
    hotWords,
    beamWidth: 5000,
    nBest: 5000,
  };
  return { options: decoder, oracle: { tokens, blank: 0, separator, lexicon, model, unit, ...numbers, end, hotWords } };
}

/** Up to four spellings of three words: some words have two, some spellings have two words. */
function drawLexicon(random: Random, letters: readonly string[]) {
  const entries = Array.from({ length: 1 + randomInteger(random, 4) }, (_, k) => ({
    word: k === 0 ? 'one' : pick(random, ['one', 'two', 'six']),
    spelling: Array.from({ length: 1 + randomInteger(random, 3) }, () => pick(random, letters)),
  }));
  return [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];
}

test('every text once, with the probability of all that reads as it: 1,500 random decoders, whole and in streams', () => {
  const random = randomSource(71);
  let spaced = 0;
  for (let round = 0; round < 1500; round++) {
    const { options, oracle } = draw(random);
    const C = options.tokens.length;
    const T = randomInteger(random, C > 4 ? 4 : 5);
    const data = randomLogits(random, T, C);
    const expected = scoresOfTexts(logProbabilities(data, T, C), T, oracle);
    const decoder = new CTCBeamDecoder(options);
    const [results] = decoder.decode({ data, shape: [T, C] });

    const texts = results!.map(({ text }) => text);
    expect(texts.toSorted()).toEqual([...expected.keys()].sort());
    for (const { text, score } of results!) {
      // f32 log-probabilities of up to 4 frames against f64: 4 · 2⁻²⁴ · |ln p| stays below 5e-5 for |ln p| < 200.
      if (!(Math.abs(score - expected.get(text)!) < 5e-5))
        expect.fail(`round ${round}: "${text}" has the score ${score}, expected ${expected.get(text)}`);
    }
    const scores = results!.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    if (texts.some((text) => text.includes(' '))) spaced++;

    const stream = decoder.stream();
    for (let at = 0; at < T;) {
      const end = at + 1 + randomInteger(random, T - at);
      const partial = stream.push({ data: data.subarray(at * C, end * C), shape: [end - at, C] });
      expect(partial.tokens.at(-1)).not.toBe(oracle.separator);
      at = end;
    }
    expect(stream.finish()).toEqual(results);
  }
  expect(spaced).toBeGreaterThan(250);
}, 120_000);

test('tokens and times belong to the text: one separator between words, none at the ends', () => {
  const random = randomSource(72);
  const tokens = ['', 'a', '|'];
  for (let round = 0; round < 500; round++) {
    const [T, C] = [1 + randomInteger(random, 6), 3];
    const data = randomLogits(random, T, C);
    for (const result of new CTCBeamDecoder({ tokens, wordSeparator: '|', nBest: 50 }).decode({
      data,
      shape: [T, C],
    })[0]!) {
      expect(result.tokens.map((c) => tokens[c]).join('')).toBe(result.text.replaceAll(' ', '|'));
      expect(result.starts).toHaveLength(result.tokens.length);
      expect(result.ends).toHaveLength(result.tokens.length);
      result.starts.forEach((start, k) => {
        expect(start).toBeLessThan(result.ends[k]!);
        expect(result.ends[k]).toBeLessThanOrEqual(result.starts[k + 1] ?? T);
      });
    }
  }
});

test('a doubled space is one that lasts from the first to the last', () => {
  // | a - | - | - a |, each frame sure of its class
  const path = [2, 1, 0, 2, 0, 2, 0, 1, 2];
  const data = path.flatMap((c) => [0, 1, 2].map((k) => (k === c ? 20 : 0)));
  const [results] = new CTCBeamDecoder({ tokens: ['', 'a', '|'], wordSeparator: '|' }).decode({ data, shape: [9, 3] });
  expect(results![0]).toMatchObject({ text: 'a a', tokens: [1, 2, 1], starts: [1, 3, 7], ends: [2, 6, 8] });
});
