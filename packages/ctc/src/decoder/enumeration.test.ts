import { describe, expect, test } from 'vitest';
import { readArpa } from '../language-model/arpa.ts';
import { randomArpa } from '../test-support/arpa.ts';
import { collapse, labellings, logProbabilities, paths } from '../test-support/enumerate.ts';
import { randomInteger, randomLogits, randomSource } from '../test-support/random.ts';
import type { Scored } from '../test-support/text-oracle.ts';
import { CTCBeamDecoder } from './decoder.ts';

const wide = { beamWidth: 1000, nBest: 1000 };

function draw(random: () => number, maxSteps: number, classes: number) {
  const T = randomInteger(random, maxSteps + 1);
  const data = randomLogits(random, T, classes);
  return { emissions: { data, shape: [T, classes] }, logp: logProbabilities(data, T, classes), T };
}

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
      const [results] = new CTCBeamDecoder({ tokens: ['0', '1', '2'].slice(0, C), blank, ...wide }).decode(emissions);
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
      const [results] = new CTCBeamDecoder({
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
});
