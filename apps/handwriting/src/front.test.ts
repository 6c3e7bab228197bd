import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '@timestep/app-shared';
import { Generator } from '@timestep/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { drawText } from './data/drawing.ts';
import { handwritingFront } from './front.ts';

let out: string[] = [];
let errors = '';
beforeEach(() => {
  out = [];
  errors = '';
  vi.spyOn(console, 'log').mockImplementation((text: unknown) => void out.push(String(text)));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (out.push(String(text)), true));
  vi.spyOn(console, 'error').mockImplementation(
    (text: unknown) => void (errors += text instanceof Error ? String(text.stack) : String(text)),
  );
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
});
afterEach(() => vi.restoreAllMocks());

const handwriting = (...argv: string[]) => runProgram(handwritingFront(), argv);

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'timestep-handwriting-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Ten digits of each of five writers, drawn, as a file of JSON lines. */
function jsonLines(): string {
  const random = new Generator(2);
  const lines = [1, 2, 3, 4, 5].flatMap((writer) =>
    [...'0123456789'].map((char) => {
      const points = drawText(char, random).flatMap((stroke) => [
        ...stroke.map(([x, y]) => [x + 1000, y + 1000] as const),
        [0, 0] as const,
      ]);
      return JSON.stringify({ writer, char, x: points.map(([x]) => x), y: points.map(([, y]) => y) });
    }),
  );
  return `${lines.join('\n')}\n`;
}

test(
  'train, evaluate, recognise and report work together',
  () =>
    inFolder(async (folder) => {
      const ink = join(folder, 'ink.jsonl');
      await writeFile(ink, jsonLines());
      const model = join(folder, 'out', 'm.safetensors');
      expect(
        await handwriting('train', '--data', folder, '--out', model, '--steps', '3', '--backend', 'cpu'),
        errors,
      ).toBe(0);
      expect((await readdir(join(folder, 'out'))).sort()).toEqual(['m.html', 'm.run', 'm.safetensors']);
      expect(out.join('\n')).toMatch(/characterErrorRate [\d.]+ {2}\(512 examples of the test part\)/u);

      out = [];
      expect(
        await handwriting(
          'evaluate',
          '--data',
          folder,
          '--model',
          model,
          '--subset',
          'all',
          '--json',
          '--backend',
          'cpu',
        ),
        errors,
      ).toBe(0);
      expect(out).toHaveLength(1);
      const result = JSON.parse(out[0]!) as Record<string, number>;
      expect(Object.keys(result)).toEqual(['characterErrorRate', 'strings', 'characters', 'seconds']);
      expect(result['characters']).toBeGreaterThan(1500);

      out = [];
      expect(await handwriting('recognise', ink, '--model', model, '--backend', 'cpu'), errors).toBe(0);
      expect(out).toHaveLength(50);
      expect(out[3]!.split('  ').slice(0, 2)).toEqual([ink, '3']);

      const page = join(folder, 'page.html');
      expect(
        await handwriting('report', '--data', folder, '--model', model, '--out', page, '--backend', 'cpu'),
        errors,
      ).toBe(0);
      const text = await readFile(page, 'utf8');
      expect(text.match(/aria-label="ink, posteriors and letters"/gu)).toHaveLength(6);
      expect(text).not.toMatch(/NaN|undefined|Infinity/u);

      // A model of digits cannot be judged on words.
      errors = '';
      expect(await handwriting('evaluate', '--model', model, '--backend', 'cpu')).toBe(1);
      expect(errors).toMatch(/the model does not know ".*only 0123456789; train one on such data/u);
    }),
  120_000,
);

test('mistakes end in one line that says what to do', () =>
  inFolder(async (folder) => {
    const failing = async (message: RegExp, ...argv: string[]) => {
      errors = '';
      expect(await handwriting(...argv)).toBe(1);
      expect(errors).toMatch(message);
      expect(errors).not.toMatch(/\n\s+at /u);
    };
    await failing(/unknown option '--fast'/u, 'train', '--fast');
    await failing(/unknown command 'read'/u, 'read');
    await failing(/Allowed choices are train, all/u, 'train', '--subset', 'test');
    await failing(/--out m\.bin: expected a file that ends in \.safetensors/u, 'train', '--out', 'm.bin');
    await failing(/holds no UNIPEN files/u, 'train', '--data', folder);
    await failing(/cannot read the folder/u, 'train', '--data', join(folder, 'none'));
    await failing(
      /cannot read .*none\.safetensors \(ENOENT\)/u,
      'evaluate',
      '--model',
      join(folder, 'none.safetensors'),
    );
    await failing(/missing required argument 'files'/u, 'recognise');
    await writeFile(join(folder, 'bad.tra'), '.SEGMENT DIGIT 0 ? "8"\n.PEN_DOWN\n 1 2\n 3 x\n');
    await failing(/bad\.tra, line 4: expected a point/u, 'train', '--data', folder);
  }));
