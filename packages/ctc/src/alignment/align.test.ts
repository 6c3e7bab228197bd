import { expect, test } from 'vitest';
import { needsFrames } from '../loss.ts';
import { collapse, logProbabilities, paths } from '../test-support/enumerate.ts';
import { randomInteger, randomLogits, randomSource } from '../test-support/random.ts';
import { ctcAlign, mergeTokens, wordSpans } from './align.ts';

test('3,000 random alignments are the best path by enumeration, or refused where there is none', () => {
  const random = randomSource(51);
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const C = 2 + randomInteger(random, 2);
    const T = randomInteger(random, 7);
    const blank = randomInteger(random, C);
    const data = randomLogits(random, T, C);
    const target = Array.from(
      { length: randomInteger(random, 5) },
      () => (blank + 1 + randomInteger(random, C - 1)) % C,
    );
    let best: { path: number[]; score: number } | null = null;
    for (const one of paths(logProbabilities(data, T, C), T, C)) {
      if (collapse(one.path, blank).join() === target.join() && !(best && best.score >= one.score)) best = one;
    }
    const align = () => ctcAlign({ data, shape: [T, C] }, [target], { blank })[0]!;
    if (best === null) {
      refused++;
      expect(needsFrames(target)).toBeGreaterThan(T);
      expect(align).toThrow(expect.objectContaining({ code: 'UNALIGNABLE_TARGET' }));
      continue;
    }
    const { path, score, scores, tokens } = align();
    expect([...path]).toEqual(best.path);
    expect(score).toBeCloseTo(best.score, 4);
    expect(scores.reduce((sum, one) => sum + one, 0)).toBeCloseTo(best.score, 4);
    expect(tokens.map(({ token }) => token)).toEqual(target);
  }
  expect(refused).toBeGreaterThan(300);
});

test('a long target over many frames, against the score of a plain recursion', () => {
  const random = randomSource(52);
  const [T, C, L] = [900, 20, 150];
  const data = randomLogits(random, T, C, 4);
  const target = Array.from({ length: L }, () => 1 + randomInteger(random, C - 1));
  const logp = logProbabilities(data, T, C);
  const classOf = (s: number): number => (s % 2 ? target[(s - 1) / 2]! : 0);
  let scores = Array.from({ length: 2 * L + 1 }, (_, s) => (s < 2 ? logp[classOf(s)]! : -Infinity));
  for (let t = 1; t < T; t++) {
    scores = scores.map(
      (own, s) =>
        Math.max(
          own,
          scores[s - 1] ?? -Infinity,
          s % 2 && s > 2 && classOf(s) !== classOf(s - 2) ? scores[s - 2]! : -Infinity,
        ) + logp[t * C + classOf(s)]!,
    );
  }
  const { score, path } = ctcAlign({ data, shape: [T, C] }, [target])[0]!;
  expect(score).toBeCloseTo(Math.max(scores.at(-1)!, scores.at(-2)!), 2);
  expect(collapse([...path], 0)).toEqual(target);
});

test('spans merge repeats, leave out blanks and carry confidences', () => {
  const path = [0, 1, 1, 0, 1, 2, 2, 2, 0];
  const scores = [0.5, 0.9, 0.7, 1, 0.4, 0.25, 0.5, 0.75, 1].map(Math.log);
  const spans = mergeTokens(path, scores);
  expect(spans.map(({ token, start, end }) => [token, start, end])).toEqual([
    [1, 1, 3],
    [1, 4, 5],
    [2, 5, 8],
  ]);
  expect(spans.map(({ confidence }) => Number(confidence.toFixed(6)))).toEqual([0.8, 0.4, 0.5]);
  const words = wordSpans(
    [...spans, { token: 3, start: 9, end: 10, confidence: 1 }, { token: 2, start: 11, end: 12, confidence: 0.25 }],
    ['', 'a', 'b', ' '],
  );
  expect(words.map(({ word, start, end }) => [word, start, end])).toEqual([
    ['aab', 1, 8],
    ['b', 11, 12],
  ]);
  expect(words[0]!.confidence).toBeCloseTo((2 * 0.8 + 0.4 + 3 * 0.5) / 6, 6);
  expect(wordSpans([], ['', 'a'])).toEqual([]);
});

test('bad input is named', () => {
  const codeOf = (code: string) => expect.objectContaining({ code });
  const emissions = { data: new Float32Array(9), shape: [3, 3] };
  expect(() => ctcAlign(emissions, [])).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(() => ctcAlign(emissions, [[3]])).toThrow(codeOf('INVALID_LABEL'));
  expect(() => ctcAlign(emissions, [[0]])).toThrow(codeOf('INVALID_LABEL'));
  expect(() => ctcAlign(emissions, [[1.5]])).toThrow(codeOf('INVALID_LABEL'));
  expect(() => ctcAlign(emissions, [[1, 1]], { blank: 4 })).toThrow(codeOf('INVALID_BLANK'));
  expect(() => ctcAlign(emissions, [[1, 1, 1]])).toThrow(/needs 5 frames/u);
  expect(() => ctcAlign({ data: [0, -Infinity], shape: [1, 2] }, [[1]])).toThrow(codeOf('UNALIGNABLE_TARGET'));
});
