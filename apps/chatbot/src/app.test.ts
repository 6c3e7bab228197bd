import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp } from '@timestep/app-shared';
import { collectPrinted } from '@timestep/app-shared/testing';
import { afterAll, expect, it } from 'vitest';
import { chatbot } from './app.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-chatbot-'));
afterAll(() => rmSync(folder, { recursive: true }));

const printed = collectPrinted();

const run = async (...argv: string[]): Promise<number> => runApp(chatbot, [...argv, '--backend', 'cpu']);

function write(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

it('answers with the model that ships, in both languages, and words that it never saw', async () => {
  const lines = [
    'What time is it?',
    'weather in Seoul tomorrow',
    '부산 내일 날씨 알려 줘',
    'weather in zukapo today',
    '',
  ];
  expect(await run('predict', ...lines)).toBe(0);
  expect(printed.text.split('\n')).toEqual([
    'time',
    'weather: place = Seoul, date = tomorrow',
    'weather: place = 부산, date = 내일',
    'weather: place = zukapo, date = today',
    'I read an empty line; write a sentence, such as: weather in seoul tomorrow',
    '',
  ]);
});

it('judges the model that ships', async () => {
  printed.text = '';
  expect(await run('evaluate', '--json')).toBe(0);
  const { metrics } = JSON.parse(printed.text) as { metrics: Record<string, number> };
  expect(metrics['intentAccuracy']).toBeGreaterThan(0.98);
  expect(metrics['slotF1']).toBeGreaterThan(0.93);
});

it('learns from a folder of tagged sentences, and from utterances without tags', async () => {
  const tagged = write('tagged', {});
  const files = { 'seq.in': 'fly to  oslo \nhello\n', 'seq.out': 'O O B-city\nO\n', label: 'flight\ngreet\n' };
  write('tagged/train', files);
  write('tagged/test', files);
  const small = ['--features', '8', '--hidden-size', '8', '--buckets', '64', '--hide', '0', '--dropout', '0'];
  const out = join(folder, 'tagged.safetensors');
  const steps = ['--steps', '30', '--learning-rate', '0.1'];
  expect(await run('train', '--data', tagged, '--out', out, ...steps, ...small)).toBe(0);
  printed.text = '';
  expect(await run('evaluate', '--data', tagged, '--model', out, '--json')).toBe(0);
  expect(JSON.parse(printed.text)).toMatchObject({
    examples: 2,
    metrics: { intentAccuracy: 1, slotF1: 1, frameAccuracy: 1 },
  });

  const plain = write('plain', {
    'fci_train_val.txt': '2\t지금 뭐 해\n3\t문 좀 닫아\n',
    'fci_test.txt': '2\t지금 뭐 해\n',
  });
  const intents = join(folder, 'plain.safetensors');
  expect(await run('train', '--data', plain, '--out', intents, ...steps, ...small)).toBe(0);
  printed.text = '';
  expect(await run('evaluate', '--data', plain, '--model', intents, '--json')).toBe(0);
  const { metrics } = JSON.parse(printed.text) as { metrics: object };
  expect(metrics).toEqual({ intentAccuracy: 1, frameAccuracy: 1 });
});

it.each<readonly [string, Readonly<Record<string, Readonly<Record<string, string>>>>, RegExp]>([
  ['no data', { '': {} }, /holds no data that this app reads/],
  ['a missing file', { train: { 'seq.in': 'a\n' } }, /cannot read .*seq\.out; expected it beside seq\.in/],
  [
    'too few tags',
    { train: { 'seq.in': 'a b\n', 'seq.out': 'O\n', label: 'x\n' } },
    /line 1: expected a tag for each of the 2 words/,
  ],
  ['another label', { '': { 'fci_train_val.txt': '9\tab\n' } }, /line 1: expected a label 0…6, a tab and an utterance/],
])('tells %s', async (name, parts, message) => {
  printed.text = '';
  for (const [part, files] of Object.entries(parts)) write(join(name, part), files);
  expect(await run('train', '--data', join(folder, name), '--out', join(folder, 'none.safetensors'))).toBe(1);
  expect(printed.text).toMatch(message);
});
