import { describe, expect, test } from 'vitest';
import { framesOf } from '../emissions.ts';
import { ctcGreedyDecode } from '../greedy.ts';
import { readArpa } from '../language-model/arpa.ts';
import { pick, randomArpa } from '../test-support/arpa.ts';
import { collapse, labellings, logProbabilities, paths } from '../test-support/enumerate.ts';
import { randomInteger, randomLogits, randomSource } from '../test-support/random.ts';
import { BeamSearch } from './beam-search.ts';
import { CtcBeamDecoder } from './decoder.ts';
import { resolveOptions } from './options.ts';
import { readBeam } from './result.ts';

const wide = { beamWidth: 1000, nBest: 1000 };

function draw(random: () => number, maxSteps: number, classes: number) {
  const T = randomInteger(random, maxSteps + 1);
  const data = randomLogits(random, T, classes);
  return { emissions: { data, shape: [T, classes] }, logp: logProbabilities(data, T, classes), T };
}

/** Hypotheses with their scores, by key; the best first. */
type Scored = Map<string, number>;

function expectSame(got: Scored, expected: Scored): void {
  expect([...got.keys()].sort()).toEqual([...expected.keys()].sort());
  // One loop of its own: 10⁵ calls of expect take longer than the searches.
  for (const [key, score] of expected)
    if (!(Math.abs(got.get(key)! - score) < 5e-5))
      expect.fail(`${key} has the score ${got.get(key)}, expected ${score}`);
  const scores = [...got.values()];
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
}

describe('a beam of unlimited width against the enumeration of all paths, 2,000 random cases each', () => {
  test('without a model: every labelling with its probability, and the best path of each', () => {
    const random = randomSource(31);
    for (let round = 0; round < 2000; round++) {
      const C = 2 + randomInteger(random, 2);
      const blank = randomInteger(random, C);
      const { emissions, logp, T } = draw(random, 5, C);
      const [results] = new CtcBeamDecoder({ tokens: ['0', '1', '2'].slice(0, C), blank, ...wide }).decode(emissions);
      const got = new Map(results!.map(({ tokens, score }) => [tokens.join(), score]));
      expectSame(got, new Map([...labellings(logp, T, C, blank)].map(([key, p]) => [key, Math.log(p)])));

      const best = new Map<string, { path: number[]; score: number }>();
      for (const one of paths(logp, T, C)) {
        const key = collapse(one.path, blank).join();
        const known = best.get(key);
        if (known === undefined || known.score < one.score) best.set(key, one);
      }
      for (const { tokens, starts, ends } of results!) {
        const { path } = best.get(tokens.join())!;
        const runs = path.flatMap((c, t) => (c !== blank && c !== path[t - 1] ? [t] : []));
        expect(starts).toEqual(runs);
        expect(ends).toEqual(
          runs.map((t) => path.findIndex((c, u) => u > t && c !== path[t])).map((end) => (end < 0 ? T : end)),
        );
      }
    }
  });

  test('with an n-gram model of tokens', () => {
    const random = randomSource(32);
    for (let round = 0; round < 2000; round++) {
      const { emissions, logp, T } = draw(random, 4, 3);
      const languageModel = readArpa(
        randomArpa(
          random,
          ['<s>', '</s>', 'a', 'b', '<unk>'].slice(0, 4 + randomInteger(random, 2)),
          1 + randomInteger(random, 3),
        ),
      );
      const [alpha, beta, endOfSentence] = [2 * random(), 2 * random() - 1, random() < 0.5];
      const [results] = new CtcBeamDecoder({
        tokens: ['', 'a', 'b'],
        languageModel,
        alpha,
        beta,
        endOfSentence,
        ...wide,
      }).decode(emissions);
      const expected = [...labellings(logp, T, 3, 0)].map(([key, p]): [string, number] => {
        const text = key === '' ? [] : key.split(',').map((c) => ['', 'a', 'b'][Number(c)]!);
        return [key, Math.log(p) + alpha * languageModel.score(text, { end: endOfSentence }) + beta * text.length];
      });
      expectSame(new Map(results!.map(({ tokens, score }) => [tokens.join(), score])), new Map(expected));
    }
  });

  test('with an n-gram model of words between separators, unknown words among them', () => {
    const random = randomSource(33);
    const tokens = ['a', '|', 'b', ''];
    for (let round = 0; round < 2000; round++) {
      const { emissions, logp, T } = draw(random, 4, 4);
      const vocabulary = ['a', 'b', 'ab', 'ba', 'aa'].slice(0, 1 + randomInteger(random, 5));
      const hasUnknown = random() < 0.7;
      const languageModel = readArpa(
        randomArpa(
          random,
          ['<s>', '</s>', ...(hasUnknown ? ['<unk>'] : []), ...vocabulary],
          1 + randomInteger(random, 3),
        ),
      );
      const [alpha, beta, unknownScore] = [random(), 2 * random() - 1, -5 * random()];
      const [results] = new CtcBeamDecoder({
        tokens,
        blank: 3,
        wordSeparator: '|',
        languageModel,
        alpha,
        beta,
        unknownScore,
        ...wide,
      }).decode(emissions);
      const expected = [...labellings(logp, T, 4, 3)].map(([key, p]): [string, number] => {
        const words = key
          .split(',')
          .map((c) => (c === '' ? '' : tokens[Number(c)]!))
          .join('')
          .split('|')
          .filter((word) => word !== '');
        const unknown = words.filter((word) => !vocabulary.includes(word)).length;
        return [key, Math.log(p) + alpha * languageModel.score(words) + beta * words.length + unknownScore * unknown];
      });
      expectSame(new Map(results!.map((result) => [result.tokens.join(), result.score])), new Map(expected));
      for (const { text, tokens: classes } of results!)
        expect(text).toBe(
          classes
            .map((c) => tokens[c])
            .join('')
            .split('|')
            .filter(Boolean)
            .join(' '),
        );
    }
  });

  test.each(['|', null])('with a lexicon of words that share spellings, separator %s', (wordSeparator) => {
    const random = randomSource(34);
    const tokens = ['', 'a', 'b', '|'];
    for (let round = 0; round < 2000; round++) {
      const { emissions, logp, T } = draw(random, wordSeparator ? 3 : 4, wordSeparator ? 4 : 3);
      const names = tokens.slice(0, wordSeparator ? 4 : 3);
      const lexicon = ['one', 'two', 'six']
        .slice(0, 1 + randomInteger(random, 3))
        .map((word): [string, ...string[][]] => {
          const spelling = (): string[] =>
            Array.from({ length: 1 + randomInteger(random, 3) }, () => pick(random, ['a', 'b']));
          return random() < 0.4 ? [word, spelling(), spelling()] : [word, spelling()];
        });
      const spelled = lexicon.flatMap(([word, ...spellings]) =>
        [...new Set((spellings as string[][]).map((one) => one.join('')))].map((spelling): [string, string] => [
          spelling,
          word,
        ]),
      );
      const languageModel = readArpa(randomArpa(random, ['<s>', '</s>', '<unk>', 'one', 'two'], 2));
      const [results] = new CtcBeamDecoder({
        tokens: names,
        wordSeparator,
        lexicon,
        languageModel,
        alpha: 0.7,
        beta: 0.3,
        unknownScore: -1,
        ...wide,
      }).decode(emissions);
      const expected: Scored = new Map();
      for (const [key, p] of labellings(logp, T, names.length, 0)) {
        const text = key
          .split(',')
          .map((c) => (c === '' ? '' : tokens[Number(c)]!))
          .join('');
        for (const words of readings(text, spelled, wordSeparator)) {
          const unknown = words.filter((word) => word === 'six').length;
          expected.set(
            `${key}:${words.join(' ')}`,
            Math.log(p) + 0.7 * languageModel.score(words) + 0.3 * words.length - unknown,
          );
        }
      }
      expectSame(new Map(results!.map((result) => [`${result.tokens.join()}:${result.text}`, result.score])), expected);
    }
  });

  test.each(['|', null])('with hot words, separator %s', (wordSeparator) => {
    const random = randomSource(35);
    const tokens = ['', 'a', 'b', '|'];
    for (let round = 0; round < 2000; round++) {
      const { emissions, logp, T } = draw(random, 5, wordSeparator ? 4 : 3);
      const names = tokens.slice(0, wordSeparator ? 4 : 3);
      const candidates = ['a', 'ab', 'ba', 'aab', 'bb', ...(wordSeparator ? ['a b', 'b a b'] : [])];
      const hotWords = Object.fromEntries(
        candidates.filter(() => random() < 0.5).map((word) => [word, 6 * random() - 1]),
      );
      const [results] = new CtcBeamDecoder({ tokens: names, wordSeparator, hotWords, ...wide }).decode(emissions);
      const expected = [...labellings(logp, T, names.length, 0)].map(([key, p]): [string, number] => {
        const text = key
          .split(',')
          .map((c) => (c === '' ? '' : tokens[Number(c)]!))
          .join('');
        const whole = wordSeparator ? `|${text}|` : text;
        let bonus = 0;
        for (const [word, weight] of Object.entries(hotWords)) {
          const phrase = wordSeparator ? `|${word.replaceAll(' ', '|')}|` : word;
          for (let at = 0; at < whole.length; at++) if (whole.startsWith(phrase, at)) bonus += weight;
        }
        return [key, Math.log(p) + bonus];
      });
      expectSame(new Map(results!.map((result) => [result.tokens.join(), result.score])), new Map(expected));
    }
  });
});

/** Every way to read a text as words, by their spellings. */
function readings(text: string, spelled: readonly [string, string][], separator: string | null): string[][] {
  if (separator !== null) {
    const parts = text.split(separator).filter((part) => part !== '');
    return parts.reduce<string[][]>(
      (all, part) =>
        all.flatMap((words) => spelled.filter(([spelling]) => spelling === part).map(([, word]) => [...words, word])),
      [[]],
    );
  }
  if (text === '') return [[]];
  return spelled
    .filter(([spelling]) => text.startsWith(spelling))
    .flatMap(([spelling, word]) => readings(text.slice(spelling.length), spelled, null).map((rest) => [word, ...rest]));
}

test('width 1 is not greedy: it follows the prefix that most paths share', () => {
  // Each frame: blank 0.4, a 0.35, b 0.25. The best path is two blanks (0.16), yet "a" has a–, –a and aa: 0.4025.
  const data = [0.4, 0.35, 0.25, 0.4, 0.35, 0.25].map(Math.log);
  const [greedy] = ctcGreedyDecode({ data, shape: [2, 3] });
  const beam = new CtcBeamDecoder({ tokens: ['', 'a', 'b'], beamWidth: 1 }).decode({ data, shape: [2, 3] })[0]![0]!;
  const exact = new CtcBeamDecoder({ tokens: ['', 'a', 'b'] }).decode({ data, shape: [2, 3] })[0]![0]!;
  expect(greedy!.tokens).toEqual([]);
  expect(exact.tokens).toEqual([1]);
  expect(exact.score).toBeCloseTo(Math.log(0.4025), 6);
  // After the first frame the empty prefix (0.4) is all that width 1 keeps, so it ends there as greedy does …
  expect(beam.tokens).toEqual([]);
  // … but not here: after "a" (0.6) the paths –, a of the second frame both read as "a", while the best path goes on to
  // b.
  const second = [0.4, 0.6, 0, 0.3, 0.3, 0.4].map((p) => Math.log(p + 1e-9));
  const [path] = ctcGreedyDecode({ data: second, shape: [2, 3] });
  const prefix = new CtcBeamDecoder({ tokens: ['', 'a', 'b'], beamWidth: 1 }).decode({
    data: second,
    shape: [2, 3],
  })[0]![0]!;
  expect(path!.tokens).toEqual([1, 2]);
  expect(prefix.tokens).toEqual([1]);
});

describe('pruned searches', () => {
  test('a narrow beam never claims more probability than there is, and a wider one finds at least as good a result nearly always', () => {
    const random = randomSource(36);
    let better = 0;
    for (let round = 0; round < 500; round++) {
      const { emissions, logp, T } = draw(random, 5, 3);
      const exact = labellings(logp, T, 3, 0);
      const scores = [1, 2, 4, 64].map((beamWidth) => {
        const best = new CtcBeamDecoder({ tokens: ['', 'a', 'b'], beamWidth }).decode(emissions)[0]![0]!;
        expect(best.score).toBeLessThan(Math.log(exact.get(best.tokens.join())!) + 1e-6);
        return Math.log(exact.get(best.tokens.join())!);
      });
      if (scores[3]! >= scores[0]! - 1e-9) better++;
    }
    expect(better).toBe(500);
  });

  test('maxTokens and tokenThreshold leave out tokens, beamThreshold leaves out hypotheses', () => {
    const data = [0.5, 0.3, 0.15, 0.05].map(Math.log);
    const read = (options: object) =>
      new CtcBeamDecoder({ tokens: ['', 'a', 'b', 'c'], nBest: 9, ...options })
        .decode({ data, shape: [1, 4] })[0]!
        .map(({ text }) => text);
    expect(read({})).toEqual(['', 'a', 'b', 'c']);
    expect(read({ maxTokens: 2 })).toEqual(['', 'a', 'b']);
    expect(read({ tokenThreshold: Math.log(0.2) })).toEqual(['', 'a']);
    expect(read({ beamThreshold: 1 })).toEqual(['', 'a']);
    expect(read({ beamWidth: 3 })).toEqual(['', 'a', 'b']);
  });

  test('dropping what is not needed any more changes nothing', () => {
    const random = randomSource(37);
    for (let round = 0; round < 30; round++) {
      const [T, C] = [60, 5];
      const emissions = { data: randomLogits(random, T, C, 1), shape: [T, C] };
      const options = resolveOptions({
        tokens: ['', 'a', 'b', 'c', 'd'],
        beamWidth: 4 + randomInteger(random, 20),
        nBest: 5,
        hotWords: ['abc'],
      });
      const [often, never] = [new BeamSearch(options, 8), new BeamSearch(options)];
      for (const search of [often, never]) search.process(framesOf('test', emissions, 0)[0]!);
      expect(often.tree.count).toBeLessThan(never.tree.count);
      expect(readBeam(often, options, 5, true)).toEqual(readBeam(never, options, 5, true));
    }
  });
});

describe('streams', () => {
  const random = randomSource(38);
  const [T, C] = [40, 4];
  const data = randomLogits(random, T, C);
  const decoder = new CtcBeamDecoder({
    tokens: ['', ' ', 'a', 'b'],
    wordSeparator: ' ',
    beamWidth: 8,
    nBest: 3,
    beta: 0.5,
  });
  const [whole] = decoder.decode({ data, shape: [T, C] });
  const pieces = (cuts: readonly number[]) =>
    [0, ...cuts].map((from, k) => ({
      data: data.subarray(from * C, (cuts[k] ?? T) * C),
      shape: [(cuts[k] ?? T) - from, C],
    }));

  test('nothing depends on where the frames are cut', () => {
    const stream = decoder.stream();
    for (const cuts of [[], [1], [7, 7, 30], Array.from({ length: T - 1 }, (_, t) => t + 1)]) {
      for (const piece of pieces(cuts)) stream.push(piece);
      expect(stream.frames).toBe(T);
      expect(stream.finish()).toEqual(whole);
      expect(stream.frames).toBe(0);
    }
  });

  test('a partial result is what the frames so far say', () => {
    const stream = decoder.stream();
    const partial = stream.push({ data: data.subarray(0, 20 * C), shape: [20, C] });
    const [alone] = new CtcBeamDecoder({ ...decoder.options, beta: 0 }).decode({
      data: data.subarray(0, 20 * C),
      shape: [20, C],
    });
    expect(partial.tokens.length).toBeGreaterThan(0);
    expect(
      partial.starts.every((start, k) => start < partial.ends[k]! && partial.ends[k]! <= (partial.starts[k + 1] ?? 20)),
    ).toBe(true);
    expect(alone![0]!.tokens.length).toBeGreaterThan(0);
  });

  test('as an async iterator', async () => {
    const results = [];
    for await (const result of decoder.decodeStream(pieces([10, 25]))) results.push(result);
    expect(results.map(({ final }) => final)).toEqual([false, false, false, true]);
    expect(results.at(-1)).toEqual({ ...whole![0], final: true });
  });
});

test('words come with their times', () => {
  // a a - sp b b, each frame sure of its class
  const path = [1, 1, 0, 3, 2, 2];
  const data = path.flatMap((c) => [0, 1, 2, 3].map((k) => (k === c ? 20 : 0)));
  const result = new CtcBeamDecoder({ tokens: ['', 'a', 'b', ' '], wordSeparator: ' ' }).decode({
    data,
    shape: [6, 4],
  })[0]![0]!;
  expect(result.text).toBe('a b');
  expect(result.words).toEqual([
    { word: 'a', start: 0, end: 2 },
    { word: 'b', start: 4, end: 6 },
  ]);
  const read = new CtcBeamDecoder({
    tokens: ['', 'a', 'b', ' '],
    wordSeparator: ' ',
    lexicon: [
      ['eh', ['a']],
      ['bee', ['b']],
    ],
  }).decode({ data, shape: [6, 4] })[0]![0]!;
  expect(read.words).toEqual([
    { word: 'eh', start: 0, end: 2 },
    { word: 'bee', start: 4, end: 6 },
  ]);
});

test('a lexicon may allow nothing', () => {
  expect(
    new CtcBeamDecoder({ tokens: ['', 'a'], lexicon: ['aa'] })
      .decode({ data: [0, 0], shape: [1, 2] })[0]!
      .map(({ text }) => text),
  ).toEqual(['']);
  const sure = [-Infinity, 0];
  expect(new CtcBeamDecoder({ tokens: ['', 'a'], lexicon: ['aa'] }).decode({ data: sure, shape: [1, 2] })[0]).toEqual(
    [],
  );
});

test('bad arguments are named', () => {
  const codeOf = (code: string) => expect.objectContaining({ code });
  const make = (options: object) => () => new CtcBeamDecoder({ tokens: ['', 'a', 'b'], ...options });
  expect(make({ blank: 3 })).toThrow(codeOf('INVALID_BLANK'));
  expect(make({ beamWidth: 0 })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(make({ nBest: 1.5 })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(make({ beamThreshold: 0 })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(make({ tokenThreshold: 1 })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(make({ alpha: -1, lexicon: ['a'] })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(make({ beta: NaN, wordSeparator: 'a' })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(make({ unit: 'word', beta: 1 })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(make({ wordSeparator: ' ' })).toThrow(codeOf('UNKNOWN_TOKEN'));
  expect(make({ lexicon: ['abc'] })).toThrow(codeOf('UNKNOWN_TOKEN'));
  expect(make({ lexicon: [['abc', ['a', 'c']]] })).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_TOKEN', message: expect.stringContaining('"abc"') as string }),
  );
  expect(make({ lexicon: [['abc', []]] })).toThrow(codeOf('MALFORMED_LEXICON'));
  expect(make({ hotWords: ['abc'] })).toThrow(codeOf('UNKNOWN_TOKEN'));
  const decoder = new CtcBeamDecoder({ tokens: ['', 'a'] });
  expect(() => decoder.decode({ data: new Float32Array(3), shape: [1, 3] })).toThrow(codeOf('SHAPE_MISMATCH'));
  expect(() => decoder.decode({ data: [NaN, 0], shape: [1, 2] })).toThrow(codeOf('NAN_IN_EMISSIONS'));
  expect(() => decoder.stream().push({ data: [0, 0], shape: [1, 1, 2] })).toThrow(codeOf('SHAPE_MISMATCH'));
});
