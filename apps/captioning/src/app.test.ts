import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp } from '@timestep/app-shared';
import { collectPrinted } from '@timestep/app-shared/testing';
import { Generator } from '@timestep/core';
import { encode } from 'fast-png';
import { afterAll, expect, it } from 'vitest';
import { captioning } from './app.ts';
import { paintThings } from './sample/draw.ts';
import { writeFolder } from './test-support/folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-captioning-'));
afterAll(() => rmSync(folder, { recursive: true }));

const printed = collectPrinted();
const run = async (...argv: string[]): Promise<number> => runApp(captioning, [...argv, '--backend', 'cpu']);

it('the model that ships describes combinations that training never showed', async () => {
  expect(await run('evaluate', '--json', '--beam', '1', '--subset', 'validation')).toBe(0);
  const { metrics } = JSON.parse(printed.text) as { metrics: { accuracy: number } };
  // By chance a caption of one thing is right once in 270 times.
  expect(metrics.accuracy).toBeGreaterThanOrEqual(0.85);
});

it('describes a PNG file, and says what it cannot read', async () => {
  // A combination that is held out.
  const data = paintThings([{ color: 1, shape: 3, place: 5 }], new Generator(8));
  const file = join(folder, 'scene.png');
  writeFileSync(file, encode({ width: 32, height: 32, channels: 3, depth: 8, data }));
  expect(await run('predict', file, '', join(folder, 'none.png'))).toBe(0);
  expect(printed.text.split('\n')).toEqual([
    `${file}: a green cross on the right`,
    'an empty line: write the path of a PNG file',
    `${join(folder, 'none.png')}: cannot read the file`,
    '',
  ]);
});

it('trains on photographs by their features, judges them and writes its report', async () => {
  writeFolder(folder, ['train', 'train', 'train', 'dev', 'dev']);
  const out = join(folder, 'captioning.safetensors');
  const sizes = ['--minimum-count', '1', '--hidden-size', '8', '--place-size', '20', '--batch-size', '4'];
  expect(await run('train', '--data', folder, '--out', out, ...sizes, '--steps', '4')).toBe(0);
  expect(readFileSync(join(folder, 'captioning.html'), 'utf8')).toContain('the nearest training picture');
  printed.text = '';
  expect(await run('evaluate', '--data', folder, '--model', out, '--json')).toBe(0);
  const { metrics, examples } = JSON.parse(printed.text) as { metrics: Record<string, number>; examples: number };
  expect(examples).toBe(2);
  expect(Object.keys(metrics)).toEqual(['bleu4', 'cider', 'accuracy']);
  printed.text = '';
  expect(await run('predict', '--model', out, 'scene.png')).toBe(0);
  expect(printed.text).toMatch(/is given features, not pixels/u);
  printed.text = '';
  expect(await run('evaluate', '--model', out)).toBe(1);
  expect(printed.text).toMatch(/the network is given features, and the sample has none/u);
});
