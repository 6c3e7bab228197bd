import { createCpuBackend } from '@timestep/backend-cpu';
import { Generator } from '@timestep/core';
import { afterAll, describe, expect, it } from 'vitest';
import { alphabetOf, hashUnits, isForeign, unitsOf } from './hashed-text.ts';
import { TextEncoder } from './text-encoder.ts';
import { TextReader } from './text-reader.ts';

const sizes = { units: 64, parts: 4096 };
const hash = (text: string, unit: 'word' | 'character' = 'word') => hashUnits(unitsOf(text, unit), unit, sizes);

describe('hashed texts', () => {
  it('split words or characters, blanks joined', () => {
    expect(unitsOf('  Hello   wörld\n', 'word')).toEqual(['Hello', 'wörld']);
    expect(unitsOf(' 안녕  a😀 ', 'character')).toEqual(['안', '녕', ' ', 'a', '😀']);
    expect(unitsOf(' \t', 'word')).toEqual([]);
  });

  it('share parts between words that look alike, whatever their case', () => {
    const [running, runner, blue] = ['Running', 'runner', 'blue'].map((word) => new Set(hash(word).parts[0]));
    const shared = (a: Set<number>, b: Set<number>) => [...a].filter((row) => b.has(row)).length;
    expect(shared(running!, runner!)).toBeGreaterThan(shared(running!, blue!));
    expect(hash('HELLO').own).toEqual(hash('hello').own);
  });

  it('stay inside the tables and leave row 0 empty', () => {
    for (const unit of ['word', 'character'] as const) {
      const { own, parts } = hashUnits(unitsOf('서울 weather 12:30 😀', unit), unit, { units: 3, parts: 4 });
      expect([...own].every((row) => row >= 1 && row < 3)).toBe(true);
      expect(parts.every((rows) => rows.length > 0 && rows.every((row) => row >= 1 && row < 4))).toBe(true);
    }
  });
});

it('tells a text in another script', () => {
  const alphabet = alphabetOf(['Hello 서울', '12:30']);
  expect(alphabet).toBe('0123ehlo서울');
  expect(['привет', '你好', 'привет hello', '?!', 'xyz'].map((text) => isForeign(text, alphabet))).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
});

describe('the networks', async () => {
  const backend = await createCpuBackend({ threads: 1 });
  afterAll(() => backend.dispose());
  const shared = { backend, sizes, hide: 0.5 };

  it('encode a unit as its row beside three times the mean of its parts', async () => {
    const encoder = new TextEncoder({ ...shared, features: [2, 2], generator: new Generator(1) }).eval();
    const text = hash('to oslo');
    const x = (await encoder.forward([text, hash('hi')]).array()) as number[][][];
    const rows = (await encoder.parts.weight.array()) as number[][];
    const own = (await encoder.own.weight.array()) as number[][];
    const mean = [0, 1].map(
      (d) => (3 * [...text.parts[1]!].reduce((sum, row) => sum + rows[row]![d]!, 0)) / text.parts[1]!.length,
    );
    const expected = [...own[text.own[1]!]!, ...mean];
    x[1]![0]!.forEach((value, d) => expect(value).toBeCloseTo(expected[d]!, 6));
    expect(x[1]![1]).toEqual([0, 0, 0, 0]);
  });

  it('read a text the same alone and beside a longer one', async () => {
    const options = { ...shared, features: 3, hiddenSize: 2, numLayers: 2, dropout: 0.5, generator: new Generator(2) };
    const reader = new TextReader(options).eval();
    const alone = await reader.forward([hash('to oslo')]).pooled.data();
    const both = await reader.forward([hash('to oslo'), hash('fly to new york')]).pooled.data();
    alone.forEach((value, k) => expect(both[k]).toBeCloseTo(value, 5));
  });
});
