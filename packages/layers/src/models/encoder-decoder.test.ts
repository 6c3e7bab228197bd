import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import {
  concat,
  crossEntropyRows,
  Generator,
  logSoftmax,
  noGrad,
  reshape,
  slice,
  tensor,
  type Tensor,
} from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { checkGradients } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { beamDecode } from './beam-decode.ts';
import { EncoderDecoder } from './encoder-decoder.ts';
import { greedyDecode } from './greedy-decode.ts';

const backend = createReferenceBackend();
const kinds = ['bahdanau', 'luong', 'none'] as const;
type Kind = (typeof kinds)[number];

const [symbols, start, end] = [5, 3, 4];
const make = (attention: Kind, more: object = {}): EncoderDecoder =>
  new EncoderDecoder({
    backend,
    sourceSymbols: 6,
    targetSymbols: symbols,
    start,
    end,
    embeddingSize: 3,
    hiddenSize: 4,
    attention,
    generator: new Generator(7),
    ...more,
  });
const tokens = (rows: number[][]): Tensor => tensor(backend, rows, { dtype: 'i32' });
const sourceTokens = [
  [1, 5],
  [2, 0],
  [3, 4],
  [0, 0],
];
const lengths = [4, 2];
const targets = [
  [0, 2],
  [1, 1],
  [end, 0],
  [0, end],
];

async function close(got: Tensor, expected: Tensor): Promise<void> {
  expect(got.shape).toEqual(expected.shape);
  const values = await expected.data();
  (await got.data()).forEach((value, k) => expect(value).toBeCloseTo(values[k]!, 12));
}

describe.each(kinds)('an encoder–decoder with attention: %s', (kind) => {
  it('gives at once what it gives step by step, with weights that add up to 1 over the source', () =>
    leakChecked(backend, async () => {
      using model = make(kind, { numLayers: 2 });
      const source = { tokens: tokens(sourceTokens), lengths };
      const { logits, weights } = model.forward(source, tokens(targets));
      let state = model.encode(source);
      const given = [[start, start], ...targets.slice(0, 3)];
      const byStep: Tensor[] = [];
      for (const row of given) {
        const result = model.step(tensor(backend, row, { dtype: 'i32' }), state);
        ({ state } = result);
        byStep.push(reshape(result.logits, [1, 2, symbols]));
      }
      await close(concat(byStep), logits);
      if (kind === 'none') expect(weights).toBeNull();
      else {
        for (const [t, row] of ((await weights!.array()) as number[][][]).entries()) {
          for (const [n, shares] of row.entries()) {
            expect(
              shares.reduce((a, b) => a + b),
              `${t} ${n}`,
            ).toBeCloseTo(1, 12);
            expect(shares.slice(lengths[n]).every((share) => share === 0)).toBe(true);
          }
        }
      }
    }));

  it('gives a sequence in a batch what it gives alone', () =>
    leakChecked(backend, async () => {
      using model = make(kind);
      const { logits } = model.forward({ tokens: tokens(sourceTokens), lengths }, tokens(targets));
      const alone = model.forward({ tokens: tokens([[5], [0]]) }, tokens(targets.map(([, target]) => [target!])));
      await close(alone.logits, slice(logits, 1, 1, 2));
    }));

  it('has the gradients of finite differences', () =>
    leakChecked(backend, async () => {
      using model = make(kind);
      const source = { tokens: tokens(sourceTokens), lengths };
      const target = tokens(targets);
      await checkGradients(
        Object.fromEntries(model.namedParameters()),
        () => [crossEntropyRows(model.forward(source, target).logits, target)],
        2,
      );
    }));

  it('feeds itself its own symbols under scheduled sampling', () =>
    leakChecked(backend, async () => {
      using model = make(kind);
      const source = { tokens: tokens([[1], [2]]) };
      const [greedy] = await greedyDecode(model, source, { maxLength: 4 });
      // Whatever is given: without teacher forcing the model goes its own way.
      const free = noGrad(backend, () => model.forward(source, tokens([[2], [2], [2], [2]]), { teacherForcing: 0 }));
      const logs = logSoftmax(free.logits);
      const rows = (await logs.array()) as number[][][];
      const chosen = rows.map(([row]) => row!.indexOf(Math.max(...row!)));
      const stop = chosen.indexOf(end);
      expect(stop < 0 ? chosen : chosen.slice(0, stop)).toEqual(greedy!.tokens);
    }));

  it('finds by an unlimited beam what enumeration finds, with a length penalty and without', () =>
    leakChecked(backend, async () => {
      using model = make(kind);
      const one = { tokens: tokens([[1], [4], [2]]), lengths: [3] };
      const maxLength = 3;
      // Every target of at most three symbols, the end included or cut off by the limit.
      const all: number[][] = [];
      const extend = (prefix: number[]): void => {
        for (let symbol = 0; symbol < symbols; symbol++) {
          const next = [...prefix, symbol];
          if (symbol === end || next.length === maxLength) all.push(next);
          else extend(next);
        }
      };
      extend([]);
      for (const lengthPenalty of [0, 1.5]) {
        const scored = await Promise.all(
          all.map(async (target) => {
            const losses = await noGrad(backend, () =>
              crossEntropyRows(
                model.forward(one, tokens(target.map((symbol) => [symbol]))).logits,
                tokens(target.map((symbol) => [symbol])),
              ),
            ).data();
            return {
              target,
              score: -Array.from(losses).reduce((a, b) => a + b) / ((5 + target.length) / 6) ** lengthPenalty,
            };
          }),
        );
        scored.sort((a, b) => b.score - a.score);
        const [found] = await beamDecode(model, one, { maxLength, beamWidth: all.length, lengthPenalty });
        expect(found).toHaveLength(all.length);
        for (const [k, { tokens: got, score, finished, weights }] of found!.slice(0, 10).entries()) {
          expect(score).toBeCloseTo(scored[k]!.score, 10);
          expect([...got, ...(finished ? [end] : [])]).toEqual(scored[k]!.target);
          expect(weights).toHaveLength(kind === 'none' ? 0 : scored[k]!.target.length);
        }
      }
    }));

  it('with a beam of one is greedy, and greedy reports the probability of what it wrote', () =>
    leakChecked(backend, async () => {
      using model = make(kind);
      const source = { tokens: tokens(sourceTokens), lengths };
      const greedy = await greedyDecode(model, source, { maxLength: 6 });
      const beams = await beamDecode(model, source, { maxLength: 6, beamWidth: 1 });
      for (const [n, [beam]] of beams.entries()) {
        expect(beam!.tokens).toEqual(greedy[n]!.tokens);
        expect(beam!.logProbability).toBeCloseTo(greedy[n]!.logProbability, 10);
        expect(beam!.finished).toBe(greedy[n]!.finished);
        expect(beam!.weights.map((row) => row.length)).toEqual(greedy[n]!.weights.map(() => 4));
      }
      expect(model.training).toBe(true);
    }));
});

it('says what does not fit', () => {
  using model = make('bahdanau');
  const source = { tokens: tokens([[1, 2]]) };
  expect(() => make('none', { start: 9 })).toThrow('[EncoderDecoder] expected start in 0…4, got 9');
  expect(() => model.forward(source, tokens([[1]]))).toThrow(
    '[EncoderDecoder] expected targets of shape [T, 2], got [1, 1]',
  );
  expect(() => model.forward(source, tokens([[1, 1]]), { teacherForcing: 2 })).toThrow(
    '[EncoderDecoder] expected teacherForcing to be a probability in 0…1, got 2',
  );
});
