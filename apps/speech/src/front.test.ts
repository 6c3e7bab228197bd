import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '@timestep/app-shared';
import { encodeWav } from '@timestep/datasets';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sampleRate } from './data/recordings.ts';
import { speechFront } from './front.ts';
import { inFolder, toneRecordings, writeRecordings } from './test-support/recordings.ts';

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

const speech = (...argv: string[]) => runProgram(speechFront(), argv);

test(
  'train, evaluate and transcribe work together',
  () =>
    inFolder(async (folder) => {
      const recordings = toneRecordings(['ann', 'bob'], [0, 5, 6]);
      await writeRecordings(folder, recordings);
      const model = join(folder, 'out', 'm.safetensors');
      expect(await speech('train', '--data', folder, '--out', model, '--steps', '3', '--backend', 'cpu'), errors).toBe(
        0,
      );
      expect((await readdir(join(folder, 'out'))).sort()).toEqual(['m.html', 'm.run', 'm.safetensors']);
      expect(out.join('\n')).toMatch(/digitErrorRate [\d.]+ {2}\(256 examples of the validation part\)/u);
      const report = await readFile(join(folder, 'out', 'm.html'), 'utf8');
      expect(report).toContain('data:image/png;base64,');
      expect(report).toContain('aria-label="confusion matrix"');
      expect(report).not.toContain('NaN');
      expect(
        report
          .split('Ten transcripts')[1]!
          .split('</table>')[0]!
          .match(/<tr>\s*<td>/gu),
      ).toHaveLength(10);

      out = [];
      expect(
        await speech('evaluate', '--data', folder, '--model', model, '--subset', 'all', '--json', '--backend', 'cpu'),
        errors,
      ).toBe(0);
      expect(out).toHaveLength(1);
      const result = JSON.parse(out[0]!) as Record<string, number>;
      expect(Object.keys(result)).toEqual(['digitErrorRate', 'utterances', 'digits', 'seconds']);
      expect(result['utterances']).toBe(256);
      expect(result['digits']).toBeGreaterThan(600);

      out = [];
      const files = ['3_ann_0.wav', '9_bob_5.wav'].map((name) => join(folder, name));
      expect(await speech('transcribe', ...files, '--model', model, '--backend', 'cpu'), errors).toBe(0);
      expect(out.map((line) => line.split('  ')[0])).toEqual(files);
    }),
  120_000,
);

test('mistakes end in one line that says what to do', () =>
  inFolder(async (folder) => {
    const file = join(folder, '1_ann_5.wav');
    await writeFile(file, encodeWav({ samples: new Float32Array(1600).fill(0.1), sampleRate }));
    const failing = async (message: RegExp, ...argv: string[]) => {
      errors = '';
      expect(await speech(...argv)).toBe(1);
      expect(errors).toMatch(message);
      expect(errors).not.toMatch(/\n\s+at /u);
    };
    await failing(/unknown option '--speed'/u, 'train', '--speed', '3');
    await failing(/unknown command 'listen'/u, 'listen');
    await failing(/Allowed choices are train, all/u, 'train', '--subset', 'test');
    await failing(/Allowed choices are auto, webgpu, native, cpu/u, 'train', '--backend', 'gpu');
    await failing(/missing required argument 'files'/u, 'transcribe');
    await failing(/--out model\.bin: expected a file that ends in \.safetensors/u, 'train', '--out', 'model.bin');
    await failing(/--download and --data name two sources/u, 'train', '--download', '--data', folder);
    await failing(/there is no folder/u, 'train', '--data', join(folder, 'none'));
    await failing(
      /cannot read .*none\.safetensors \(ENOENT\)/u,
      'evaluate',
      '--data',
      folder,
      '--subset',
      'all',
      '--model',
      join(folder, 'none.safetensors'),
    );
    await failing(/cannot read .*none\.safetensors/u, 'transcribe', file, '--model', join(folder, 'none.safetensors'));
    // A file has the name of the run's folder.
    await writeFile(join(folder, 'm.run'), '');
    await failing(
      /could not .*m\.run/u,
      'train',
      '--data',
      folder,
      '--steps',
      '2',
      '--backend',
      'cpu',
      '--out',
      join(folder, 'm.safetensors'),
    );
    expect(await readdir(folder)).toEqual(['1_ann_5.wav', 'm.run']);
  }));
