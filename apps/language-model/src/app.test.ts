import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCpuBackend } from '@timestep/backend-cpu';
import { runApp } from '@timestep/app-shared';
import { collectPrinted } from '@timestep/app-shared/testing';
import { Generator, logSoftmax, tensor, zeros } from '@timestep/core';
import { afterAll, expect, it } from 'vitest';
import { languageModel } from './app.ts';
import { surprises } from './judge.ts';
import { LanguageNetwork } from './network.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-language-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

const printed = collectPrinted();
const run = async (...argv: string[]): Promise<number> => runApp(languageModel, [...argv, '--backend', 'cpu']);

const lines = ['나는 학교에 간다', '너는 집에 온다', '나는 집에 간다', '너는 학교에 온다'];
const text = Array.from({ length: 60 }, (_, i) => `${lines[(i * 7) % 4]!}\n`).join('');
writeFileSync(join(folder, 'train.txt'), text);
writeFileSync(join(folder, 'valid.txt'), '나는 학교에 온다\n너는 숲에 간다\n');
const small = ['--length', '12', '--hidden-size', '16', '--batch-size', '4', '--window', '12', '--layers', '1'];

it('the surprise of a symbol is −ln p, whatever the window and the stream', async () => {
  await using backend = await createCpuBackend({ threads: 1 });
  const network = new LanguageNetwork({
    backend,
    symbols: 5,
    hiddenSize: 6,
    layers: 2,
    dropout: 0.5,
    generator: new Generator(1),
  });
  const symbols = Int32Array.from({ length: 130 }, (_, i) => (i * i) % 5);
  const costs = await surprises(network, symbols, 2);
  // Two streams of 65 symbols, each read in one go.
  for (const from of [0, 65]) {
    const inputs = Int32Array.from({ length: 65 }, (_, t) => symbols[from + t - 1] ?? 2);
    const state = { h: zeros(backend, [2, 1, 6]), c: zeros(backend, [2, 1, 6]) };
    network.eval();
    const { output } = network.forward(tensor(backend, inputs, { shape: [65, 1] }), { state });
    const expected = await logSoftmax(output).data();
    for (let t = 0; t < 65; t++) expect(costs[from + t]).toBeCloseTo(-expected[t * 5 + symbols[from + t]!]!, 4);
  }
  network.dispose();
});

it('trains on jamo, judges per character beside an n-gram model, and writes whole syllables', async () => {
  const out = join(folder, 'jamo.safetensors');
  const flags = ['--unit', 'jamo', '--steps', '120', '--learning-rate', '0.03', '--dropout', '0'];
  expect(await run('train', '--data', folder, '--out', out, ...flags, ...small)).toBe(0);
  printed.text = '';
  expect(await run('evaluate', '--data', folder, '--model', out, '--ngram', '2', '--json')).toBe(0);
  const { metrics, examples } = JSON.parse(printed.text) as { metrics: Record<string, number>; examples: number };
  expect(examples).toBe(2);
  // The three jamo of 숲 are new.
  expect(metrics['unknownSymbols']).toBe(3);
  expect(metrics['bitsPerCharacter']).toBeGreaterThan(0);
  expect(metrics['ngramBitsPerCharacter']).toBeGreaterThan(0);
  printed.text = '';
  expect(await run('predict', '--model', out, '--length', '40', '나는', '')).toBe(0);
  const [first] = printed.text.split('\n');
  expect(first).toMatch(/^나는[ 가-힣]/u);
  expect(printed.text).not.toMatch(/[\u1100-\u11ff]{2}/u);
});

it('trains on words with sampled candidates', async () => {
  const out = join(folder, 'word.safetensors');
  const flags = ['--unit', 'word', '--steps', '30', '--learning-rate', '0.03', '--candidates', '3', ...small];
  expect(await run('train', '--data', folder, '--out', out, ...flags)).toBe(0);
  printed.text = '';
  expect(await run('evaluate', '--data', folder, '--model', out, '--json')).toBe(0);
  const { metrics } = JSON.parse(printed.text) as { metrics: Record<string, number> };
  // 숲에 is new, and dear.
  expect(metrics['unknownSymbols']).toBe(1);
  expect(metrics['perplexity']).toBeLessThan(500);
  printed.text = '';
  expect(await run('predict', '--model', out, 'the wrong alphabet', '나는 숲에')).toBe(0);
  expect(printed.text).toMatch(/^the wrong alphabet: the model knows none of these words; it knows 8, such as/u);
  expect(printed.text).toMatch(/\(not known: 숲에\) 나는 숲에/u);
});

it('the model that ships writes', async () => {
  expect(await run('predict', '--length', '60', 'Shall I compare')).toBe(0);
  expect(printed.text).toMatch(/^Shall I compare[\s\S]{60}\n$/u);
  printed.text = '';
  expect(await run('evaluate', '--json')).toBe(0);
  const { metrics } = JSON.parse(printed.text) as { metrics: { perplexity: number } };
  expect(metrics.perplexity).toBeLessThan(9);
});

it('refuses a text that is too short for a batch', async () => {
  expect(await run('train', '--data', folder, '--out', join(folder, 'x.safetensors'), '--batch-size', '4000')).toBe(1);
  expect(printed.text).toMatch(/expected more than .* pass a smaller --batch-size/u);
});
