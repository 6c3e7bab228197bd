import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp } from '@timestep/app-shared';
import { collectPrinted } from '@timestep/app-shared/testing';
import { expect, test } from 'vitest';
import { handwriting } from './app.ts';

const printed = collectPrinted();
const run = (...argv: string[]) => runApp(handwriting, [...argv, '--backend', 'cpu']);
const small = ['--hidden-size', '8', '--convolution-size', '8', '--layers', '1', '--batch-size', '4'];

/** A stroke for each digit, of some writers, as a UNIPEN file. */
const unipen = (...writers: readonly number[]) =>
  writers
    .flatMap((writer) =>
      [...'0123456789'].map(
        (digit) =>
          `.SEGMENT DIGIT 0 ? "${digit}"\n.COMMENT ${digit} ${writer} 1\n.PEN_DOWN\n 10 10\n 4${digit} 60\n ${writer} 90\n.PEN_UP\n`,
      ),
    )
    .join('');

test('train, evaluate on a test part alone, predict, report; an unknown character is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'timestep-handwriting-'));
  try {
    const held = join(folder, 'held');
    await mkdir(held);
    await writeFile(join(folder, 'pendigits-orig.tra'), unipen(1, 2, 3, 4, 5));
    await writeFile(join(held, 'pendigits-orig.tes'), unipen(6, 7));
    const model = join(folder, 'm.safetensors');
    expect(await run('train', '--data', folder, '--out', model, '--steps', '2', ...small), printed.text).toBe(0);

    printed.text = '';
    expect(await run('evaluate', '--data', held, '--model', model, '--json'), printed.text).toBe(0);
    const { app, metrics, examples } = JSON.parse(printed.text) as Record<string, unknown>;
    expect({ app, examples }).toEqual({ app: 'handwriting', examples: 512 });
    expect(metrics).toEqual({ characterErrorRate: expect.any(Number) as unknown });

    printed.text = '';
    const file = join(held, 'pendigits-orig.tes');
    expect(await run('predict', file, '--model', model)).toBe(0);
    expect(printed.text.match(/pendigits-orig\.tes {2}\d {2}\d*\n/gu)).toHaveLength(20);

    const page = join(folder, 'page.html');
    expect(await run('report', '--data', held, '--model', model, '--out', page, '--beam', '4')).toBe(0);
    expect(await readFile(page, 'utf8')).toContain('From ink to letters');

    printed.text = '';
    await writeFile(file, unipen(6, 7).replaceAll('"3"', '"Å"'));
    expect(await run('evaluate', '--data', held, '--model', model, '--json')).toBe(1);
    expect(printed.text).toMatch(/the model does not know "Å", only 0123456789/u);
  } finally {
    await rm(folder, { recursive: true });
  }
});
