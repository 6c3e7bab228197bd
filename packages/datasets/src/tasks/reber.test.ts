import { Generator } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import {
  embeddedReber,
  embeddedReberString,
  legalSuccessors,
  reberSymbols,
  type ReberSymbol,
  scoreReber,
} from './reber.ts';

/**
 * Reber's grammar as a regular expression, worked out by hand from the diagram: an oracle that shares nothing with the
 * table.
 */
const lower = '(?:T*V(?:PX T*V)*(?:PS|V))'.replaceAll(' ', '');
const reber = `B(?:TS*X(?:S|X${lower})|P${lower})E`;
const embedded = new RegExp(`^B(?:T${reber}T|P${reber}P)E$`, 'u');
const random = new Generator(11);
const strings = Array.from({ length: 2000 }, () => embeddedReberString(random));

describe('strings', () => {
  test('are of the language, and reach all of it', () => {
    for (const string of strings) expect(string.join('')).toMatch(embedded);
    const texts = new Set(strings.map((string) => string.join('')));
    for (const text of ['BTBTXSETE', 'BPBTXSEPE', 'BTBPVVETE', 'BPBPTVPSEPE', 'BTBTSXXVVETE', 'BTBTXXTVPXVVETE']) {
      expect(text).toMatch(embedded);
      expect(legalSuccessors([...text] as ReberSymbol[]).length).toBe(text.length);
    }
    expect(texts.has('BTBTXSETE')).toBe(true);
    expect(Math.min(...strings.map((string) => string.length))).toBe(9);
  });

  test('what may follow is what does follow in some string', () => {
    // Every prefix of 5 symbols, with the successors seen after it in 2000 strings: the grammar's alternatives are
    // even.
    const seen = new Map<string, Set<string>>();
    for (const string of strings) {
      for (let length = 1; length <= 5; length++) {
        const prefix = string.slice(0, length).join('');
        seen.set(prefix, (seen.get(prefix) ?? new Set()).add(string[length]!));
      }
    }
    for (const string of strings) {
      const legal = legalSuccessors(string);
      for (let length = 1; length <= 5; length++)
        expect(legal[length - 1]!.toSorted()).toEqual([...seen.get(string.slice(0, length).join(''))!].toSorted());
      expect(legal.at(-1)).toEqual([]);
      expect(legal.at(-2)).toEqual(['E']);
      expect(legal.at(-3)).toEqual([string[1]]);
    }
  });

  test('others are refused where they go wrong', () => {
    expect(() => legalSuccessors([...'BTBTXSEPE'] as ReberSymbol[])).toThrow(/expected T at 7, got P/u);
    expect(() => legalSuccessors([...'BTBTXSETEB'] as ReberSymbol[])).toThrow(/expected the end at 9/u);
    expect(() => legalSuccessors(['T'])).toThrow(/expected B at 0/u);
  });
});

describe('batches', () => {
  const batch = embeddedReber(40, new Generator(12));
  const [steps, count] = batch.shape;

  test('targets are the next tokens, legal ones', () => {
    for (let n = 0; n < count; n++) {
      const length = batch.lengths[n]!;
      const text = Array.from({ length }, (_, t) => reberSymbols[batch.tokens[t * count + n]!]).join('');
      expect(text).toMatch(embedded);
      for (let t = 0; t + 1 < length; t++) {
        expect(batch.targets[t * count + n]).toBe(batch.tokens[(t + 1) * count + n]);
        expect(batch.legal[(t * count + n) * 7 + batch.targets[t * count + n]!]).toBe(1);
      }
      for (let t = length - 1; t < steps; t++)
        expect(batch.legal.subarray((t * count + n) * 7, (t * count + n) * 7 + 7).every((bit) => bit === 0)).toBe(true);
    }
  });

  test('a prediction is right where every legal symbol beats every illegal one', () => {
    const perfect = Float32Array.from(batch.legal, (bit) => (bit ? 0.2 : -0.1));
    expect(scoreReber(perfect, batch)).toEqual({ sequences: 1, remembered: 1 });
    // A network that cannot remember: T and P alike at the last but one step of every sequence.
    const forgetful = perfect.slice();
    for (let n = 0; n < count; n++)
      for (const symbol of [1, 2]) forgetful[((batch.lengths[n]! - 3) * count + n) * 7 + symbol] = 0.2;
    expect(scoreReber(forgetful, batch)).toEqual({ sequences: 0, remembered: 0 });
    const oneWrong = perfect.slice();
    oneWrong[0 * 7 + 0] = 9;
    expect(scoreReber(oneWrong, batch).sequences).toBeCloseTo(1 - 1 / 40, 10);
    expect(scoreReber(new Float32Array(perfect.length).fill(NaN), batch)).toEqual({ sequences: 0, remembered: 0 });
    expect(() => embeddedReber(0, random)).toThrow(/batch/u);
  });
});
