import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp } from '@timestep/app-shared';
import { collectPrinted } from '@timestep/app-shared/testing';
import { afterAll, expect, it } from 'vitest';
import { sentiment } from './app.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-sentiment-'));
afterAll(() => rmSync(folder, { recursive: true }));

const printed = collectPrinted();

const run = async (...argv: string[]): Promise<number> => runApp(sentiment, [...argv, '--backend', 'cpu']);

function write(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

it('names the words that decided, with the model that ships', async () => {
  expect(await run('predict', 'the story is dull', '음악 정말 최고다', '  ', 'хорошо')).toBe(0);
  const [english, korean, empty, foreign] = printed.text.split('\n');
  expect(english).toMatch(/^negative \d+ % \(dull.*\): the story is dull$/);
  expect(korean).toMatch(/^positive \d+ % \(.*최고다.*\): 음악 정말 최고다$/);
  expect(empty).toBe('an empty line: write a sentence');
  expect(foreign).toBe('none of these letters was in the training data: хорошо');
});

it('judges the model that ships', async () => {
  printed.text = '';
  expect(await run('evaluate', '--json')).toBe(0);
  const { metrics } = JSON.parse(printed.text) as { metrics: { accuracy: number } };
  expect(metrics.accuracy).toBeGreaterThan(0.98);
});

const small = ['--features', '8', '--hidden-size', '8', '--buckets', '64', '--part-buckets', '64'];

it.each([
  ['sst2', { 'stsa.binary.train': '1 a warm film\n0 a dull film\n', 'stsa.binary.test': '0 a dull film\n' }],
  [
    'nsmc',
    {
      'ratings_train.txt': 'id\tdocument\tlabel\n1-1\t정말 "최고"\t1\n1-2\t지루해요\t0\n',
      'ratings_test.txt': 'id\tdocument\tlabel\n1-2\t지루해요\t0\n',
    },
  ],
])('learns from the format of %s, and judges a folder that holds the test part alone', async (name, files) => {
  const out = join(folder, `${name}.safetensors`);
  const data = write(name, files);
  const steps = ['--steps', '25', '--learning-rate', '0.1', '--dropout', '0', '--hide', '0'];
  expect(await run('train', '--data', data, '--out', out, ...steps, ...small)).toBe(0);
  const test = Object.entries(files).filter(([file]) => file.includes('test'));
  printed.text = '';
  const alone = write(`${name}-test`, Object.fromEntries(test));
  expect(await run('evaluate', '--data', alone, '--model', out, '--json')).toBe(0);
  expect(JSON.parse(printed.text)).toMatchObject({ examples: 1, metrics: { accuracy: 1 } });
});

it.each<readonly [string, Readonly<Record<string, string>>, RegExp]>([
  ['no data', {}, /holds no data that this app reads/],
  [
    'another label',
    { 'stsa.binary.train': '1 a b\n2 c d\n' },
    /line 2: expected a label 0 or 1, a blank and a sentence/,
  ],
  [
    'a missing column',
    { 'ratings_train.txt': 'id\tdocument\tlabel\n1\t좋아요\n' },
    /line 2: expected an id, a review and a label/,
  ],
])('tells %s', async (name, files, message) => {
  printed.text = '';
  const data = write(name, files);
  expect(await run('train', '--data', data, '--out', join(folder, 'none.safetensors'))).toBe(1);
  expect(printed.text).toMatch(message);
});
