import { Generator } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { addingProblem, originalAddingProblem } from './adding.ts';
import { copyTask } from './copy.ts';
import { temporalOrder, temporalOrderSymbols } from './temporal-order.ts';
import { oneHot } from './tokens.ts';

describe('the adding problem', () => {
  test('marks one number in each half and asks for their sum', () => {
    const { data, shape, targets, lengths } = addingProblem(13, 200, new Generator(1));
    expect(shape).toEqual([13, 200, 2]);
    expect([...new Set(lengths)]).toEqual([13]);
    const marked = new Set<number>();
    for (let n = 0; n < 200; n++) {
      const value = (t: number) => data[(t * 200 + n) * 2]!;
      const marks = Array.from({ length: 13 }, (_, t) => t).filter((t) => data[(t * 200 + n) * 2 + 1] === 1);
      expect(marks.length).toBe(2);
      expect(marks[0]).toBeLessThan(6);
      expect(marks[1]).toBeGreaterThanOrEqual(6);
      expect(targets[n]).toBeCloseTo(value(marks[0]!) + value(marks[1]!), 6);
      marks.forEach((t) => marked.add(t));
    }
    expect(marked.size).toBe(13);
  });

  test('answering 1 leaves an error of 1/6', () => {
    const { targets } = addingProblem(2, 20_000, new Generator(2));
    expect(targets.reduce((sum, target) => sum + (target - 1) ** 2, 0) / targets.length).toBeCloseTo(1 / 6, 2);
    expect(() => addingProblem(1, 1, new Generator(1))).toThrow(/steps to be a whole number in 2/u);
    expect(() => addingProblem(2, 0, new Generator(1))).toThrow(/batch/u);
  });
});

describe('the adding problem of 1997', () => {
  const count = 4000;
  const { data, shape, targets, lengths } = originalAddingProblem(40, count, new Generator(3));
  const at = (n: number, t: number, which: 0 | 1) => data[(t * count + n) * 2 + which]!;

  test('has lengths of T … T + T/10, and nothing behind them', () => {
    expect([...new Set(lengths)].sort()).toEqual([40, 41, 42, 43, 44]);
    expect(shape).toEqual([44, count, 2]);
    for (let n = 0; n < count; n++)
      for (let t = lengths[n]!; t < 44; t++) expect([at(n, t, 0), at(n, t, 1)]).toEqual([0, 0]);
  });

  test('marks one of the first ten steps and one of the first T/2 − 1, the ends by −1, and asks for the scaled sum', () => {
    const marked = new Set<number>();
    for (let n = 0; n < count; n++) {
      const marks = Array.from({ length: 44 }, (_, t) => t).filter((t) => at(n, t, 1) === 1);
      expect(marks.length).toBe(2);
      expect(Math.min(...marks)).toBeLessThan(10);
      expect(Math.max(...marks)).toBeLessThan(19);
      expect(at(n, lengths[n]! - 1, 1)).toBe(-1);
      expect(at(n, 0, 1)).toBe(marks[0] === 0 ? 1 : -1);
      if (marks[0] === 0) expect(at(n, 0, 0)).toBe(0);
      expect(targets[n]).toBeCloseTo(0.5 + (at(n, marks[0]!, 0) + at(n, marks[1]!, 0)) / 4, 6);
      marks.forEach((t) => marked.add(t));
    }
    expect(marked.size).toBe(19);
    expect(Math.min(...targets)).toBeLessThan(0.1);
    expect(Math.max(...targets)).toBeGreaterThan(0.9);
    expect(() => originalAddingProblem(21, 1, new Generator(1))).toThrow(/steps to be a whole number in 22/u);
    expect(() => originalAddingProblem(22, 0, new Generator(1))).toThrow(/batch/u);
  });
});

test('the copy task repeats its symbols after the signal', () => {
  const { tokens, targets, shape, symbols, blank } = copyTask(
    { alphabet: 5, length: 4, delay: 7, batch: 30 },
    new Generator(3),
  );
  expect(shape).toEqual([16, 30]);
  expect([symbols, blank]).toEqual([7, 5]);
  for (let n = 0; n < 30; n++) {
    const column = (from: Int32Array) => Array.from({ length: 16 }, (_, t) => from[t * 30 + n]!);
    const [input, answer] = [column(tokens), column(targets)];
    expect(input.slice(0, 4).every((token) => token >= 0 && token < 5)).toBe(true);
    expect(input.slice(4)).toEqual([...new Array(7).fill(5), 6, ...new Array(4).fill(5)]);
    expect(answer).toEqual([...new Array(12).fill(5), ...input.slice(0, 4)]);
  }
  expect(new Set(tokens).size).toBe(7);
  expect(() => copyTask({ delay: -1, batch: 1 }, new Generator(1))).toThrow(/delay/u);
});

describe.each([
  [
    2,
    4,
    [
      [10, 20],
      [50, 60],
    ],
  ],
  [
    3,
    8,
    [
      [10, 20],
      [33, 43],
      [66, 76],
    ],
  ],
] as const)('temporal order of %i symbols', (relevant, classes, places) => {
  const batch = temporalOrder({ relevant, batch: 400 }, new Generator(relevant));
  const column = (n: number) =>
    Array.from({ length: batch.lengths[n]! }, (_, t) => temporalOrderSymbols[batch.tokens[t * 400 + n]!]!);

  test('the class is the order of X and Y', () => {
    const names = new Map<string, number>();
    for (let n = 0; n < 400; n++)
      names.set(
        column(n)
          .filter((symbol) => symbol === 'X' || symbol === 'Y')
          .join(''),
        batch.classes[n]!,
      );
    expect(names.size).toBe(classes);
    expect(names.get('X'.repeat(relevant))).toBe(0);
    expect(names.get('Y'.repeat(relevant - 1) + 'X')).toBe(classes - 2);
    for (let n = 0; n < 400; n++)
      expect(
        names.get(
          column(n)
            .filter((symbol) => symbol === 'X' || symbol === 'Y')
            .join(''),
        ),
      ).toBe(batch.classes[n]);
  });

  test('the symbols stand where the paper puts them, between E and B', () => {
    for (let n = 0; n < 400; n++) {
      const symbols = column(n);
      expect(symbols.length).toBeGreaterThanOrEqual(100);
      expect(symbols.length).toBeLessThanOrEqual(110);
      expect([symbols[0], symbols.at(-1)]).toEqual(['E', 'B']);
      const at = symbols.flatMap((symbol, t) => (symbol === 'X' || symbol === 'Y' ? [t] : []));
      at.forEach((t, i) => {
        expect(t).toBeGreaterThanOrEqual(places[i]![0]);
        expect(t).toBeLessThanOrEqual(places[i]![1]);
      });
    }
  });

  test('can be made shorter', () => {
    const short = temporalOrder({ relevant, batch: 50, scale: 0.2 }, new Generator(4));
    expect(Math.max(...short.lengths)).toBeLessThanOrEqual(22);
    expect(Math.min(...short.lengths)).toBeGreaterThanOrEqual(20);
    expect(() => temporalOrder({ relevant, batch: 1, scale: 0.05 }, new Generator(1))).toThrow(/scale/u);
  });
});

test('one-hot vectors follow the tokens and stop at the lengths', () => {
  const vectors = oneHot({
    tokens: Int32Array.of(2, 0, 1, 0),
    shape: [2, 2],
    lengths: Int32Array.of(2, 1),
    symbols: 3,
  });
  expect(vectors.shape).toEqual([2, 2, 3]);
  expect([...vectors.data]).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0]);
  expect(() => oneHot({ tokens: Int32Array.of(3), shape: [1, 1], lengths: Int32Array.of(1), symbols: 3 })).toThrow(
    /got 3 at step 0/u,
  );
});
