import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, type Tensor } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { checkGradients, randomLeaf } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { BahdanauAttention } from './bahdanau.ts';
import { LuongAttention } from './luong.ts';

const backend = createReferenceBackend();
const generator = new Generator(12);
type Matrix = number[][];
type Cube = number[][][];

const dot = (a: number[], b: number[]): number => a.reduce((sum, value, k) => sum + value * b[k]!, 0);
const times = (matrix: Matrix, x: number[]): number[] => matrix.map((row) => dot(row, x));

const kinds = {
  bahdanau: () => new BahdanauAttention({ backend, querySize: 3, valueSize: 2, attentionSize: 4, generator }),
  general: () => new LuongAttention({ backend, querySize: 3, valueSize: 2, generator }),
  dot: () => new LuongAttention({ backend, querySize: 2, valueSize: 2, score: 'dot' }),
};

/** The score of one pair, from the paper's equation. */
async function scorer(
  kind: keyof typeof kinds,
  attention: BahdanauAttention | LuongAttention,
): Promise<(q: number[], k: number[]) => number> {
  if (attention instanceof BahdanauAttention) {
    const [query, key, score] = [
      (await attention.weight_query.array()) as Matrix,
      (await attention.weight_key.array()) as Matrix,
      (await attention.weight_score.array()) as number[],
    ];
    return (q, k) =>
      dot(
        score,
        times(query, q).map((value, a) => Math.tanh(value + times(key, k)[a]!)),
      );
  }
  const weight = attention.weight_key && ((await attention.weight_key.array()) as Matrix);
  return (q, k) => dot(q, weight ? times(weight, k) : k);
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('%s attention', (kind) => {
  const querySize = kind === 'dot' ? 2 : 3;
  const inputs = (): { queries: Tensor; outputs: Tensor } => ({
    queries: randomLeaf(backend, [3, 2, querySize], generator),
    outputs: randomLeaf(backend, [4, 2, 2], generator),
  });

  it('is the softmax of its scores over the steps that count', () =>
    leakChecked(backend, async () => {
      using attention = kinds[kind]();
      const { queries, outputs } = inputs();
      const lengths = [4, 2];
      const { context, weights } = attention.forward(queries, attention.remember(outputs, lengths));
      const score = await scorer(kind, attention);
      const [q, k, got, mixed] = [
        (await queries.array()) as Cube,
        (await outputs.array()) as Cube,
        (await weights.array()) as Cube,
        (await context.array()) as Cube,
      ];
      for (let t = 0; t < 3; t++) {
        for (let n = 0; n < 2; n++) {
          const scores = Array.from({ length: 4 }, (_, s) =>
            s < lengths[n]! ? Math.exp(score(q[t]![n]!, k[s]![n]!)) : 0,
          );
          const total = scores.reduce((a, b) => a + b);
          scores.forEach((value, s) => expect(got[t]![n]![s]).toBeCloseTo(value / total, 12));
          for (let d = 0; d < 2; d++)
            expect(mixed[t]![n]![d]).toBeCloseTo(
              scores.reduce((sum, value, s) => sum + (value / total) * k[s]![n]![d]!, 0),
              12,
            );
        }
      }
    }));

  it('has the gradients of finite differences, and none for what is past a length', () =>
    leakChecked(backend, async () => {
      using attention = kinds[kind]();
      const { queries, outputs } = inputs();
      const parameters = Object.fromEntries(attention.namedParameters());
      await checkGradients({ queries, outputs, ...parameters }, () =>
        Object.values(attention.forward(queries, attention.remember(outputs, [3, 1]))),
      );
      const gradient = (await outputs.grad!.array()) as Cube;
      expect(gradient[3]!.flat()).toEqual([0, 0, 0, 0]);
      expect(gradient[2]![1]).toEqual([0, 0]);
    }));

  it('gives no weight at all to a source of no steps', () =>
    leakChecked(backend, async () => {
      using attention = kinds[kind]();
      const { queries, outputs } = inputs();
      const { weights, context } = attention.forward(queries, attention.remember(outputs, [0, 4]));
      expect(((await weights.array()) as Cube)[0]![0]).toEqual([0, 0, 0, 0]);
      expect(((await context.array()) as Cube)[0]![0]).toEqual([0, 0]);
    }));
});

it('says what does not fit', () => {
  expect(() => new LuongAttention({ backend, querySize: 2, valueSize: 3, score: 'dot' })).toThrow(
    "[LuongAttention] score: 'dot' needs querySize and valueSize to be equal, got 2 and 3",
  );
  using attention = kinds.general();
  expect(() => attention.remember(randomLeaf(backend, [2, 2, 2], generator), [1])).toThrow(
    '[LuongAttention] expected 2 lengths, one for each sequence of the batch, got 1',
  );
});
