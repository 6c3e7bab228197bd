import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runApp } from '@timestep/app-shared';
import { collectPrinted } from '@timestep/app-shared/testing';
import { readSafetensors, writeSafetensors } from '@timestep/safetensors';
import { expect, test } from 'vitest';
import { speech } from './app.ts';
import { readParts, readWhole } from './data/parts.ts';
import { inFolder, toneRecordings, writeRecordings } from './test-support/recordings.ts';

const printed = collectPrinted();
const run = (...argv: string[]) => runApp(speech, [...argv, '--backend', 'cpu']);
const small = ['--hidden-size', '8', '--convolution-size', '8', '--layers', '1', '--batch-size', '4'];

test('train, evaluate on strangers alone, predict, report; a damaged model is refused', () =>
  inFolder(async (folder) => {
    const [known, strangers] = [join(folder, 'known'), join(folder, 'strangers', 'recordings')];
    await writeRecordings(known, toneRecordings(['ann', 'bob'], [0, 5]));
    await writeRecordings(strangers, toneRecordings(['cyd'], [0, 7, 9]));
    const model = join(folder, 'm.safetensors');
    expect(await run('train', '--data', known, '--out', model, '--steps', '2', ...small), printed.text).toBe(0);
    expect(printed.text).toMatch(/digitErrorRate [\d.]+ {2}\(256 examples of the validation part\)/u);

    printed.text = '';
    expect(await run('evaluate', '--data', join(folder, 'strangers'), '--model', model, '--json'), printed.text).toBe(
      0,
    );
    const { app, metrics, examples } = JSON.parse(printed.text) as Record<string, unknown>;
    expect({ app, examples }).toEqual({ app: 'speech', examples: 256 });
    expect(metrics).toEqual({ digitErrorRate: expect.any(Number) as unknown });

    printed.text = '';
    const file = join(strangers, '3_cyd_7.wav');
    expect(await run('predict', file, '--model', model)).toBe(0);
    expect(printed.text).toMatch(/3_cyd_7\.wav {2}[0-9 ]*\n$/u);

    const page = join(folder, 'page.html');
    expect(await run('report', '--data', known, '--model', model, '--out', page, '--beam', '4')).toBe(0);
    expect(await readFile(page, 'utf8')).toContain('data:image/png;base64,');

    const { tensors, metadata } = readSafetensors(await readFile(model));
    const weights = Object.fromEntries(
      [...tensors].map(([name, { shape, data }]) => [
        name,
        { dtype: 'F32' as const, shape, data: Float32Array.from(data as Float32Array) },
      ]),
    );
    const saved = metadata.get('saved')!.replace('"bands":40', '"bands":-40');
    await writeFile(model, writeSafetensors(weights, { metadata: { ...Object.fromEntries(metadata), saved } }));
    printed.text = '';
    expect(await run('predict', file, '--model', model)).toBe(1);
    expect(printed.text).toMatch(/what was saved with the model is damaged at features\.bands/u);
  }));

test(
  'a stopped run goes on to the same weights, also from the checkpoint before a damaged one',
  () =>
    inFolder(async (folder) => {
      await writeRecordings(folder, toneRecordings(['ann'], [0, 5]));
      const train = (name: string, ...more: string[]) =>
        run('train', '--data', folder, '--seed', '7', '--out', join(folder, `${name}.safetensors`), ...small, ...more);
      expect(await train('whole', '--steps', '103'), printed.text).toBe(0);
      expect(await train('stopped', '--steps', '103'), printed.text).toBe(0);
      // Two checkpoints are there, of steps 100 and 103; without the second the run is one that was killed at step 101.
      const checkpoints = (await readdir(join(folder, 'stopped.run')))
        .filter((name) => name.startsWith('checkpoint'))
        .sort();
      expect(checkpoints).toHaveLength(2);
      await truncate(join(folder, 'stopped.run', checkpoints[1]!), 1000);
      printed.text = '';
      expect(await train('stopped', '--steps', '103', '--resume'), printed.text).toBe(0);
      expect(printed.text).toMatch(/checkpoint-00000103\.safetensors is damaged and was passed over/u);
      expect(printed.text).toMatch(/going on from .*checkpoint-00000100\.safetensors, step 100/u);
      const weights = async (name: string) => readFile(join(folder, `${name}.safetensors`));
      expect((await weights('stopped')).equals(await weights('whole'))).toBe(true);

      expect(await train('stopped', '--steps', '50', '--resume')).toBe(1);
      expect(printed.text).toMatch(/had other settings: steps was 103 and is 50 now/u);
      expect(await train('never', '--steps', '5', '--resume')).toBe(1);
      expect(printed.text).toMatch(/never\.run holds no run to resume/u);
    }),
  120_000,
);

test('the parts: index 5 and up to train on; strangers are judged whole, else index 0 to 4', () =>
  inFolder(async (folder) => {
    await writeRecordings(folder, [...toneRecordings(['ann'], [0, 5]), ...toneRecordings(['cyd'], [1, 2])]);
    const request = { folder, config: {}, signal: new AbortController().signal };
    const files = (part?: { readonly recordings: readonly { readonly speaker: string; readonly index: number }[] }) => [
      ...new Set(part!.recordings.map(({ speaker, index }) => `${speaker} ${index}`)),
    ];
    const fresh = await readParts(request);
    expect(files(fresh.train)).toEqual(['ann 5']);
    expect(fresh.train!.mixed.length).toBe(660);
    expect(files(fresh.validation).sort()).toEqual(['ann 0', 'cyd 1', 'cyd 2']);
    expect(files(fresh.test).sort()).toEqual(['cyd 1', 'cyd 2']);
    const saved = {
      features: { sampleRate: 8000, bands: 40, windowSeconds: 0.025, hopSeconds: 0.0125 },
      speakers: ['cyd'],
    };
    const judged = await readParts({ ...request, saved });
    expect(files(judged.test).sort()).toEqual(['ann 0', 'ann 5']);
    expect(judged.train!.mixed).toEqual([]);
    const none = await readParts({ ...request, saved: { ...saved, speakers: ['ann', 'cyd'] } });
    expect(none.test).toHaveLength(0);
    expect(files((await readWhole({ ...request, saved })).test)).toHaveLength(4);
  }));
