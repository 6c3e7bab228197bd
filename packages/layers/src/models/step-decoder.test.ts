import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { gatherRows, Generator, normal, reshape, tensor, type Tensor } from '@timestep/core';
import { expect, it } from 'vitest';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { beamSearch } from './beam-decode.ts';
import { EncoderDecoder } from './encoder-decoder.ts';
import { greedySearch } from './greedy-decode.ts';
import { rowsOf, type StepDecoder } from './step-decoder.ts';

const backend = createReferenceBackend();
const [symbols, start, end] = [4, 2, 3];

interface Last {
  /** f32 `[N, 1]`, the step */
  readonly count: Tensor;
}

/** The logits of the next symbol depend on the symbol before alone: a user's decoder, with a state that is no network's. */
class Chain extends Module implements StepDecoder<Last> {
  readonly start = start;
  readonly end = end;
  readonly targetSymbols = symbols;
  readonly table = Parameter.draw(backend, [symbols, symbols], normal(), new Generator(3));

  step(tokens: Tensor, { count }: Last) {
    return { logits: gatherRows(this.table, tokens), weights: null, state: { count: reshape(count, count.shape) } };
  }

  selectRows({ count }: Last, rows: readonly number[]): Last {
    return { count: rowsOf(count, rows) };
  }
}

const begin = (batch: number): Last => ({ count: tensor(backend, new Float32Array(batch), { shape: [batch, 1] }) });

it('searches with any decoder that goes a symbol at a time', () =>
  leakChecked(backend, async () => {
    using chain = new Chain();
    const table = (await chain.table.array()) as number[][];
    const logs = table.map((row) => row.map((value) => value - Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0))));
    const all: { tokens: number[]; score: number }[] = [];
    const extend = (tokens: number[], score: number): void => {
      const before = tokens.at(-1) ?? start;
      for (let symbol = 0; symbol < symbols; symbol++) {
        const next = { tokens: [...tokens, symbol], score: score + logs[before]![symbol]! };
        if (symbol === end || next.tokens.length === 3) all.push(next);
        else extend(next.tokens, next.score);
      }
    };
    extend([], 0);
    all.sort((a, b) => b.score - a.score);
    const found = await beamSearch(chain, begin(1), { maxLength: 3, beamWidth: all.length });
    expect(found).toHaveLength(all.length);
    // Two ways round the same transitions have one score, and either may come first.
    found.forEach(({ tokens, finished, score }, k) => {
      const same = all.find((one) => one.tokens.join() === [...tokens, ...(finished ? [end] : [])].join());
      expect(score).toBeCloseTo(same!.score, 10);
      expect(score).toBeCloseTo(all[k]!.score, 10);
    });
    const best = (row: number[]): number => row.indexOf(Math.max(...row));
    const greedy = [best(table[start]!)];
    while (greedy.at(-1) !== end && greedy.length < 5) greedy.push(best(table[greedy.at(-1)!]!));
    for (const { tokens, finished } of await greedySearch(chain, begin(2), 2, { maxLength: 5 }))
      expect([...tokens, ...(finished ? [end] : [])]).toEqual(greedy);
  }));

it('selects rows along both axes', async () => {
  const x = tensor(
    backend,
    Float32Array.from({ length: 12 }, (_, i) => i),
    { shape: [2, 3, 2] },
  );
  expect(await rowsOf(x, [1, 1]).array()).toEqual([
    [
      [6, 7],
      [8, 9],
      [10, 11],
    ],
    [
      [6, 7],
      [8, 9],
      [10, 11],
    ],
  ]);
  expect(await rowsOf(x, [2, 0], 1).array()).toEqual([
    [
      [4, 5],
      [0, 1],
    ],
    [
      [10, 11],
      [6, 7],
    ],
  ]);
});

it('drops what the output is computed from: with all of it dropped, the logits are the bias', async () => {
  for (const attention of ['bahdanau', 'luong', 'none'] as const) {
    using model = new EncoderDecoder({
      backend,
      sourceSymbols: 3,
      targetSymbols: symbols,
      start,
      end,
      embeddingSize: 2,
      hiddenSize: 3,
      attention,
      dropout: 1,
      generator: new Generator(4),
    });
    const one = tensor(backend, [[1]], { dtype: 'i32' });
    const { logits } = model.forward({ tokens: one }, one);
    expect([...(await logits.data())]).toEqual([...(await model.head.bias!.data())]);
  }
});
