import { describe, expect, test } from 'vitest';
import { framesOf } from '../emissions.ts';
import { ctcGreedyDecode } from '../greedy.ts';
import { readArpa } from '../language-model/arpa.ts';
import { labellings, logProbabilities } from '../test-support/enumerate.ts';
import { randomInteger, randomLogits, randomSource } from '../test-support/random.ts';
import { BeamSearch } from './beam-search.ts';
import { CTCBeamDecoder } from './decoder.ts';
import { resolveOptions } from './options.ts';
import { readBeam } from './result.ts';

function draw(random: () => number, maxSteps: number, classes: number) {
  const T = randomInteger(random, maxSteps + 1);
  const data = randomLogits(random, T, classes);
  return { emissions: { data, shape: [T, classes] }, logp: logProbabilities(data, T, classes), T };
}

test('width 1 is not greedy: it follows the prefix that most paths share', () => {
  // Each frame: blank 0.4, a 0.35, b 0.25. The best path is two blanks (0.16), yet "a" has a–, –a and aa: 0.4025.
  const data = [0.4, 0.35, 0.25, 0.4, 0.35, 0.25].map(Math.log);
  const [greedy] = ctcGreedyDecode({ data, shape: [2, 3] });
  const beam = new CTCBeamDecoder({ tokens: ['', 'a', 'b'], beamWidth: 1 }).decode({ data, shape: [2, 3] })[0]![0]!;
  const exact = new CTCBeamDecoder({ tokens: ['', 'a', 'b'] }).decode({ data, shape: [2, 3] })[0]![0]!;
  expect(greedy!.tokens).toEqual([]);
  expect(exact.tokens).toEqual([1]);
  expect(exact.score).toBeCloseTo(Math.log(0.4025), 6);
  // After the first frame the empty prefix (0.4) is all that width 1 keeps, so it ends there as greedy does …
  expect(beam.tokens).toEqual([]);
  // … but not here: after "a" (0.6) the paths –, a of the second frame both read as "a", while the best path goes on to
  // b.
  const second = [0.4, 0.6, 0, 0.3, 0.3, 0.4].map((p) => Math.log(p + 1e-9));
  const [path] = ctcGreedyDecode({ data: second, shape: [2, 3] });
  const prefix = new CTCBeamDecoder({ tokens: ['', 'a', 'b'], beamWidth: 1 }).decode({
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
        const best = new CTCBeamDecoder({ tokens: ['', 'a', 'b'], beamWidth }).decode(emissions)[0]![0]!;
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
      new CTCBeamDecoder({ tokens: ['', 'a', 'b', 'c'], nBest: 9, ...options })
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
  const decoder = new CTCBeamDecoder({
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
    const [alone] = new CTCBeamDecoder({ ...decoder.options, beta: 0 }).decode({
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
  const result = new CTCBeamDecoder({ tokens: ['', 'a', 'b', ' '], wordSeparator: ' ' }).decode({
    data,
    shape: [6, 4],
  })[0]![0]!;
  expect(result.text).toBe('a b');
  expect(result.words).toEqual([
    { word: 'a', start: 0, end: 2 },
    { word: 'b', start: 4, end: 6 },
  ]);
  const read = new CTCBeamDecoder({
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
    new CTCBeamDecoder({ tokens: ['', 'a'], lexicon: ['aa'] })
      .decode({ data: [0, 0], shape: [1, 2] })[0]!
      .map(({ text }) => text),
  ).toEqual(['']);
  const sure = [-Infinity, 0];
  expect(new CTCBeamDecoder({ tokens: ['', 'a'], lexicon: ['aa'] }).decode({ data: sure, shape: [1, 2] })[0]).toEqual(
    [],
  );
});

test('bad arguments are named', () => {
  const codeOf = (code: string) => expect.objectContaining({ code });
  const make = (options: object) => () => new CTCBeamDecoder({ tokens: ['', 'a', 'b'], ...options });
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
  expect(make({ beamwidth: 3 })).toThrow(/unknown option beamwidth; did you mean beamWidth\?/u);
  expect(make({ lexicon: 'ab' })).toThrow(/expected lexicon to be a list of words/u);
  expect(make({ lexicon: [] })).toThrow(codeOf('MALFORMED_LEXICON'));
  expect(make({ hotWords: new Map([['a', 1]]) })).toThrow(/expected hotWords to be a list/u);
  expect(make({ beamWidth: 1e12 })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(make({ languageModel: 'model.arpa' })).toThrow(/expected languageModel to be an NgramModel/u);
  const decoder = new CTCBeamDecoder({ tokens: ['', 'a'] });
  expect(() => decoder.decode({ data: new Float32Array(3), shape: [1, 3] })).toThrow(codeOf('SHAPE_MISMATCH'));
  expect(() => decoder.decode({ data: [NaN, 0], shape: [1, 2] })).toThrow(codeOf('NAN_IN_EMISSIONS'));
  expect(() => decoder.stream().push({ data: [0, 0], shape: [1, 1, 2] })).toThrow(codeOf('SHAPE_MISMATCH'));
});

describe('a language model and tokens that have nothing in common', () => {
  const model = (...words: string[]) =>
    readArpa(`\\data\\\nngram 1=${words.length}\n\\1-grams:\n${words.map((word) => `-1 ${word}`).join('\n')}\n\\end\\`);
  const tokens = ['', 'a', 'b', ' '];

  test('a model that cannot work is refused', () => {
    const make = (options: object) => () => new CTCBeamDecoder({ tokens, ...options });
    expect(make({ wordSeparator: ' ', languageModel: model('<unk>', 'AB', 'BA') })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_TOKEN', message: expect.stringContaining('"AB", "BA"') as string }),
    );
    const known = { wordSeparator: ' ', lexicon: ['ab'] };
    expect(make({ ...known, languageModel: model('AB') })).toThrow(expect.objectContaining({ code: 'UNKNOWN_WORD' }));
    expect(make({ unit: 'token', languageModel: model('ab') })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_WORD' }),
    );
  });

  test('words that the tokens cannot spell are named', () => {
    const decoder = new CTCBeamDecoder({
      tokens,
      wordSeparator: ' ',
      languageModel: model('<s>', '</s>', 'ab', 'cab', 'b2'),
    });
    expect(decoder.unspelledWords).toEqual(['cab', 'b2']);
    expect(new CTCBeamDecoder({ tokens }).unspelledWords).toEqual([]);
  });
});
