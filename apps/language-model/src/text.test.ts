import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generator } from '@timestep/core';
import { afterAll, describe, expect, it } from 'vitest';
import { trainingWindows } from './batches.ts';
import { drawCandidates } from './candidates.ts';
import { readCorpus, splitText } from './corpus.ts';
import { countCharacters, symbolsOf, units } from './units.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-language-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('units', () => {
  it('cuts lines into symbols, with an end for each line', () => {
    expect(symbolsOf('the cat\n\nsat\r\n', units.word)).toEqual(['the', 'cat', '<eos>', '<eos>', 'sat', '<eos>']);
    expect(symbolsOf('né', units.character)).toEqual(['n', 'é', '\n']);
    expect(symbolsOf('한a\n', units.syllable)).toEqual(['한', 'a', '\n']);
    expect(symbolsOf('한a\n', units.jamo)).toEqual(['ᄒ', 'ᅡ', 'ᆫ', 'a', '\n']);
    expect(countCharacters('한a\n')).toBe(3);
  });

  it.each(['character', 'syllable', 'jamo'] as const)('puts %s symbols together again', (unit) => {
    const text = '값을 읽다: naïve\n\n끝\n';
    expect(units[unit].join(symbolsOf(text, units[unit]))).toBe(text);
  });
});

describe('readCorpus', () => {
  it('reads the parts of a folder, and one that holds the test part alone', async () => {
    writeFileSync(join(folder, 'ptb.test.txt'), ' a b \n');
    expect(await readCorpus(folder)).toEqual({ name: 'ptb', test: { text: ' a b \n', length: 1, training: null } });
    writeFileSync(join(folder, 'ptb.train.txt'), 'a\nb');
    const { train, test } = await readCorpus(folder);
    expect([train?.text, test?.training]).toEqual(['a\nb\n', 'a\nb\n']);
    rmSync(join(folder, 'ptb.test.txt'));
    rmSync(join(folder, 'ptb.train.txt'));
  });

  it('cuts one text at the end of a line', () => {
    const { train, validation } = splitText('0123456\n89\nab\n');
    expect([train?.text, validation?.text]).toEqual(['0123456\n89\nab\n', '']);
    expect(splitText(`${'x\n'.repeat(20)}`).validation?.length).toBe(1);
  });

  it.each([
    ['other.txt', 'a', /holds no text to read; expected ptb.train.txt/u],
    ['train.txt', '', /train.txt is empty/u],
    ['train.txt', Buffer.from([0xff, 0xfe, 0x41]), /train.txt is not text in UTF-8/u],
    ['input.txt', 'a\0b', /bytes of value 0/u],
  ])('says what is wrong with %s', async (name, content, message) => {
    writeFileSync(join(folder, name), content);
    await expect(readCorpus(folder)).rejects.toThrow(message);
    rmSync(join(folder, name));
  });

  it('names a folder that is not there', async () => {
    await expect(readCorpus(join(folder, 'nowhere'))).rejects.toThrow(/cannot read the folder/u);
  });
});

describe('training batches', () => {
  const symbols = Int32Array.from({ length: 200 }, (_, i) => (i % 50 === 7 ? 10 + i : 1 + (i % 4)));
  const options = { steps: 8, batch: 4, seed: 3, unknown: 0, size: 300, candidates: 20 };

  it('depend on the place alone, and make rare symbols unknown now and then', async () => {
    const [one, other] = [trainingWindows(symbols, options), trainingWindows(symbols, options)];
    const targets: number[] = [];
    for (let k = 0; k < 60; k++) targets.push(...(await one.next())!.targets);
    other.restore(one.state());
    expect(await other.next()).toEqual(await one.next());
    const rare = targets.filter((symbol) => symbol > 4 || symbol === 0);
    const share = rare.filter((symbol) => symbol === 0).length / rare.length;
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.4);
  });

  it('candidates give an unbiased estimate of the sum over all symbols', () => {
    const random = new Generator(5);
    const scores = random.fillNormal(new Float32Array(60), 0, 1);
    const whole = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    const runs = 2000;
    let total = 0;
    for (let run = 0; run < runs; run++) {
      const drawn = drawCandidates(Int32Array.of(7, 3, 7), { count: 20, size: 60, random });
      if (run < 20) {
        expect(new Set(drawn.symbols).size).toBe(22);
        expect(Array.from(drawn.targets, (at) => drawn.symbols[at])).toEqual([7, 3, 7]);
      }
      drawn.symbols.forEach((symbol, at) => (total += Math.exp(scores[symbol]! + drawn.offsets[at]!) / runs));
    }
    // The estimate deviates by about 20 in one run, by 0.5 in the mean of 2,000.
    expect(Math.abs(total - whole)).toBeLessThan(2.5);
  });
});
