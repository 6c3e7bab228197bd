import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp } from '@timestep/app-shared';
import { collectPrinted } from '@timestep/app-shared/testing';
import { afterAll, expect, it } from 'vitest';
import { translation } from './app.ts';
import { drawSample } from './corpus.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-translation-'));
afterAll(() => rmSync(folder, { recursive: true }));

const printed = collectPrinted();
const run = async (...argv: string[]): Promise<number> => runApp(translation, [...argv, '--backend', 'cpu']);

it('the model that ships translates what it has not seen', async () => {
  expect(
    await run(
      'predict',
      'Es ist halb vier',
      'am donnerstag dem dritten mai neunzehnhundertvierundachtzig',
      'zweihundertdreiundvierzigtausendfünfhundertsiebzehn Schafe',
      '',
      'αβγ',
    ),
  ).toBe(0);
  expect(printed.text.split('\n')).toEqual([
    'it is half past three',
    'on thursday the third of may nineteen eighty-four',
    'two hundred forty-three thousand five hundred seventeen sheep',
    'an empty line: write a sentence in de',
    'αβγ: no letter of it is known; the model translates from de to en',
    '',
  ]);
});

it('trains on a folder of its own, judges its test part and writes its report', async () => {
  const sample = drawSample({ from: 'ko', to: 'de' });
  const write = (name: string, pairs: readonly { source: string; target: string }[]): void => {
    writeFileSync(join(folder, `${name}.ko`), pairs.map(({ source }) => `${source}\n`).join(''));
    writeFileSync(join(folder, `${name}.de`), pairs.map(({ target }) => `${target}\n`).join(''));
  };
  write('train', sample.train!.pairs.slice(0, 60));
  write('val', sample.validation!.pairs.slice(0, 4));
  write('test', sample.test!.pairs.slice(0, 6));
  const out = join(folder, 'translation.safetensors');
  const sizes = ['--units', '80', '--hidden-size', '16', '--embedding-size', '12', '--batch-size', '8'];
  const data = ['--data', folder, '--beam', '2'];
  expect(await run('train', ...data, '--from', 'ko', '--to', 'de', '--out', out, ...sizes, '--steps', '4')).toBe(0);
  expect(readFileSync(join(folder, 'translation.html'), 'utf8')).toContain('Where it looks');
  printed.text = '';
  expect(await run('evaluate', ...data, '--model', out, '--json')).toBe(0);
  const { metrics, examples } = JSON.parse(printed.text) as { metrics: Record<string, number>; examples: number };
  expect(examples).toBe(6);
  expect(Object.keys(metrics)).toEqual(['bleu', 'accuracy']);
  expect(metrics['bleu']).toBeLessThan(50);
});

it('refuses equal languages and a folder that holds nothing', async () => {
  expect(await run('train', '--from', 'en')).toBe(1);
  expect(printed.text).toMatch(/--from and --to are both en/u);
  printed.text = '';
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  expect(await run('evaluate', '--data', empty)).toBe(1);
  expect(printed.text).toMatch(/no parallel text from de to en/u);
});
