import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp } from '@timestep/app-shared';
import { collectPrinted } from '@timestep/app-shared/testing';
import { afterAll, expect, it } from 'vitest';
import { grammar } from './app.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-grammar-'));
afterAll(() => rmSync(folder, { recursive: true }));

const printed = collectPrinted();

const run = async (...argv: string[]): Promise<number> => runApp(grammar, [...argv, '--backend', 'cpu']);

it('the model that ships counts beyond 1,000, having seen n up to 30', async () => {
  expect(await run('evaluate', '--subset', 'validation', '--json')).toBe(0);
  const { metrics } = JSON.parse(printed.text) as { metrics: { longestRight: number } };
  expect(metrics.longestRight).toBeGreaterThanOrEqual(1000);
});

it('says where a string goes wrong', async () => {
  expect(await run('predict', 'aaabbb', 'aabbb', 'aab', 'xyz')).toBe(0);
  expect(printed.text.split('\n')).toEqual([
    'aaabbb: belongs to the language',
    'aabbb: wrong at 5 (b); after aabb comes .',
    'aab: wrong at 4 (.); after aab comes b',
    'xyz: unknown symbol x; expected a b .',
    '',
  ]);
});

it('trains another language with another cell', async () => {
  const out = join(folder, 'reber.safetensors');
  const flags = ['--language', 'reber', '--cell', 'gru', '--hidden-size', '16', '--steps', '250'];
  expect(await run('train', '--out', out, ...flags, '--learning-rate', '0.03')).toBe(0);
  printed.text = '';
  expect(await run('evaluate', '--model', out, '--json')).toBe(0);
  const { metrics } = JSON.parse(printed.text) as { metrics: { accuracy: number } };
  expect(metrics.accuracy).toBeGreaterThan(0.95);
});

it('names an unknown language', async () => {
  expect(await run('train', '--language', 'klingon')).toBe(1);
  expect(printed.text).toMatch(/language/u);
});
