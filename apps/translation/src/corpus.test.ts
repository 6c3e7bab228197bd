import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drawSample, readCorpus, splitPairs } from './corpus.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'timestep-translation-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

describe('readCorpus', () => {
  it('takes tokenised files before raw ones, and a folder with a test part alone', async () => {
    write('test_2016_flickr.de', 'Ein Hund.\n');
    write('test_2016_flickr.en', 'A dog.\n');
    write('test_2016_flickr.lc.norm.tok.de', 'ein hund .\n');
    write('test_2016_flickr.lc.norm.tok.en', 'a dog .\n');
    write('test_2017_flickr.de', 'Zwei.\n');
    write('test_2017_flickr.en', 'Two.\n');
    expect(await readCorpus(folder, { from: 'de', to: 'en' })).toEqual({
      train: undefined,
      validation: undefined,
      test: { pairs: [{ source: 'ein hund .', target: 'a dog .' }], length: 1, tokenized: true },
    });
    const { test } = await readCorpus(folder, { from: 'en', to: 'de' });
    expect(test!.pairs).toEqual([{ source: 'a dog .', target: 'ein hund .' }]);
  });

  it('reads the tables of Tatoeba in both directions, and splits them', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `Sentence ${i}.\t문장 ${i}.\tCC-BY\n`);
    write('tatoeba.train_valid.tsv', lines.join(''));
    write('jhe.eval.en', 'A test.\n');
    write('jhe.eval.ko', '시험이다.\n');
    const { train, validation, test } = await readCorpus(folder, { from: 'ko', to: 'en' });
    expect(train!.length + validation!.length).toBe(200);
    expect(validation!.length).toBeGreaterThan(5);
    expect(train!.pairs[0]!.source).toMatch(/^문장/u);
    expect(test!.pairs).toEqual([{ source: '시험이다.', target: 'A test.' }]);
  });

  it('says what a folder lacks', async () => {
    write('train.fr', 'un chien');
    await expect(readCorpus(folder, { from: 'de', to: 'en' })).rejects.toThrow(
      /holds no parallel text from de to en; .*train\.de and train\.en.* It holds train\.fr/u,
    );
    await expect(readCorpus(join(folder, 'none'), { from: 'de', to: 'en' })).rejects.toThrow(/cannot read the folder/u);
    write('train.de', 'ein hund\nzwei');
    await expect(readCorpus(folder, { from: 'de', to: 'fr' })).rejects.toThrow(/has 2 lines and .* has 1/u);
  });
});

it('keeps pairs that share a sentence together', () => {
  const pairs = Array.from({ length: 300 }, (_, i) => ({
    source: `s${i % 100}`,
    target: `t${i % 3 === 0 ? i : i % 100}`,
  }));
  const [large, small] = splitPairs(pairs, 0.2);
  expect(large.length + small.length).toBe(300);
  expect(small.length).toBeGreaterThan(10);
  const texts = (part: typeof pairs): Set<string> => new Set(part.flatMap(({ source, target }) => [source, target]));
  expect([...texts(large)].filter((text) => texts(small).has(text))).toEqual([]);
});

it('draws a sample without a phrase in two parts', () => {
  const { train, validation, test } = drawSample({ from: 'ko', to: 'de' });
  const [known, ...held] = [train, validation, test].map((part) => new Set(part!.pairs.map(({ source }) => source)));
  expect(held.map(({ size }) => size)).toEqual([validation!.length, test!.length]);
  for (const part of held) expect([...part].filter((source) => known!.has(source))).toEqual([]);
  expect(() => drawSample({ from: 'de', to: 'fr' })).toThrow(/no language "fr"; expected one of de, en, ko/u);
});
