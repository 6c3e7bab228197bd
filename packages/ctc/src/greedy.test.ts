import { expect, test } from 'vitest';
import { ctcGreedyDecode } from './greedy.ts';
import { collapse, logProbabilities, paths } from './test-support/enumerate.ts';
import { randomInteger, randomLogits, randomSource } from './test-support/random.ts';

test('reads the most probable path of every utterance, found by enumeration', () => {
  const random = randomSource(2);
  for (let round = 0; round < 2000; round++) {
    const [T, N, C] = [randomInteger(random, 6), 1 + randomInteger(random, 3), 2 + randomInteger(random, 2)];
    const blank = randomInteger(random, C);
    const data = randomLogits(random, T * N, C);
    const lengths = Array.from({ length: N }, () => randomInteger(random, T + 1));
    const results = ctcGreedyDecode({ data, shape: [T, N, C], lengths }, { blank });
    results.forEach((result, n) => {
      const steps = lengths[n]!;
      const own = Float32Array.from({ length: steps * C }, (_, i) => data[(Math.floor(i / C) * N + n) * C + (i % C)]!);
      let best = { path: [] as number[], score: -Infinity };
      for (const candidate of paths(logProbabilities(own, steps, C), steps, C))
        if (candidate.score > best.score) best = candidate;
      expect(result.tokens).toEqual(collapse(best.path, blank));
      expect(result.score).toBeCloseTo(best.score, 4);
      result.tokens.forEach((token, i) => {
        const [start, end] = [result.starts[i]!, result.ends[i]!];
        expect(end).toBeGreaterThan(start);
        expect(new Set(best.path.slice(start, end))).toEqual(new Set([token]));
        expect(best.path[start - 1]).not.toBe(token);
        expect(best.path[end]).not.toBe(token);
      });
    });
  }
});

test('log-probabilities give what their logits give', () => {
  const logits = randomLogits(randomSource(3), 30, 5);
  const [fromLogits] = ctcGreedyDecode({ data: logits, shape: [30, 5] });
  const [fromLogs] = ctcGreedyDecode({ data: logProbabilities(logits, 30, 5), shape: [30, 5] });
  expect(fromLogs!.tokens).toEqual(fromLogits!.tokens);
  expect(fromLogs!.score).toBeCloseTo(fromLogits!.score, 4);
});

test('bad input is named', () => {
  const data = new Float32Array(12);
  const codeOf = (code: string) => expect.objectContaining({ code });
  expect(() => ctcGreedyDecode({ data, shape: [12] })).toThrow(codeOf('SHAPE_MISMATCH'));
  expect(() => ctcGreedyDecode({ data, shape: [5, 3] })).toThrow(codeOf('SHAPE_MISMATCH'));
  expect(() => ctcGreedyDecode({ data, shape: [4, 3] }, { blank: 3 })).toThrow(codeOf('INVALID_BLANK'));
  expect(() => ctcGreedyDecode({ data, shape: [4, 1, 3], lengths: [5] })).toThrow(codeOf('INVALID_LENGTHS'));
  expect(() => ctcGreedyDecode({ data, shape: [4, 1, 3], lengths: [4, 4] })).toThrow(codeOf('INVALID_LENGTHS'));
  data[7] = NaN;
  expect(() => ctcGreedyDecode({ data, shape: [4, 3] })).toThrow(codeOf('NAN_IN_EMISSIONS'));
  expect(ctcGreedyDecode({ data, shape: [4, 1, 3], lengths: [2] })[0]!.tokens).toEqual([]);
  data[7] = Infinity;
  expect(() => ctcGreedyDecode({ data, shape: [4, 3] })).toThrow(/frame 2 of utterance 0/u);
});
