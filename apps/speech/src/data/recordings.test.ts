import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '@timestep/datasets';
import { expect, test } from 'vitest';
import { inFolder, toneRecordings, writeRecordings } from '../test-support/recordings.ts';
import { readRecordings, readSound, sampleRate } from './recordings.ts';

test('recordings are read from the folder or its subfolder, by subset', () =>
  inFolder(async (folder) => {
    const written = toneRecordings(['ann', 'bob'], [0, 4, 5, 12]);
    await writeRecordings(folder, written);
    expect(await readRecordings(folder, 'all')).toHaveLength(80);
    expect(new Set((await readRecordings(folder, 'test')).map(({ index }) => index))).toEqual(new Set([0, 4]));
    const train = await readRecordings(folder, 'train');
    expect(new Set(train.map(({ index }) => index))).toEqual(new Set([5, 12]));
    const seven = train.find(({ digit, speaker, index }) => digit === 7 && speaker === 'bob' && index === 12)!;
    const original = written.find(({ file }) => file === '7_bob_12.wav')!;
    expect(seven.samples.length).toBe(original.samples.length);
    for (let i = 0; i < 100; i++) expect(seven.samples[i]).toBeCloseTo(original.samples[i]!, 3);
    await writeRecordings(join(folder, 'recordings'), toneRecordings(['cyd'], [5]));
    expect(new Set((await readRecordings(folder, 'all')).map(({ speaker }) => speaker))).toEqual(new Set(['cyd']));
  }));

test('another rate is resampled', () =>
  inFolder(async (folder) => {
    const file = join(folder, '3_ann_5.wav');
    await writeFile(file, encodeWav({ samples: new Float32Array(8820).fill(0.25), sampleRate: 44_100 }));
    expect((await readSound(file)).length).toBe(1600);
  }));

test('what cannot be used is named, with what to do', () =>
  inFolder(async (folder) => {
    const good = encodeWav({ samples: new Float32Array(1600).fill(0.1), sampleRate });
    const failing = async (name: string, bytes: Uint8Array, message: RegExp) => {
      const own = join(folder, String(message.source.length + name.length * 1000));
      await mkdir(own);
      await writeFile(join(own, name), bytes);
      await expect(readRecordings(own, 'all')).rejects.toThrow(message);
    };
    await expect(readRecordings(join(folder, 'none'), 'all')).rejects.toThrow(
      /there is no folder .*none; pass --data/u,
    );
    await expect(readRecordings(folder, 'all')).rejects.toThrow(
      /holds no WAV files; expected recordings named \{digit\}/u,
    );
    await failing('seven.wav', good, /seven\.wav is not named \{digit\}_\{speaker\}_\{index\}\.wav/u);
    await failing('12_ann_0.wav', good, /12_ann_0\.wav is not named/u);
    await failing('7_ann_0.wav', good.subarray(0, 500), /7_ann_0\.wav is cut off/u);
    await failing(
      '7_ann_1.wav',
      new TextEncoder().encode('this is no sound at all'),
      /7_ann_1\.wav is not a WAV file/u,
    );
    const alaw = good.slice();
    alaw[20] = 6;
    await failing('7_ann_2.wav', alaw, /A-law, expected linear PCM.*re-encode/u);
    await failing(
      '7_ann_3.wav',
      encodeWav({ samples: new Float32Array(0), sampleRate }),
      /7_ann_3\.wav holds no sound/u,
    );
    await failing(
      '7_ann_4.wav',
      encodeWav({ samples: new Float32Array(160), sampleRate }),
      /lasts 0\.020 s, which is too short for a spoken digit/u,
    );
    await failing(
      '7_ann_5.wav',
      encodeWav({ samples: new Float32Array(21 * sampleRate), sampleRate }),
      /lasts 21 s, expected at most 20 s/u,
    );
    await writeFile(join(folder, '1_ann_7.wav'), good);
    await expect(readRecordings(folder, 'test')).rejects.toThrow(
      /none of the 1 recordings .* subset "test", which takes an index of 0 to 4/u,
    );
  }));

test('a NaN in a recording is found', () =>
  inFolder(async (folder) => {
    // 32-bit float with a NaN in the middle.
    const bytes = new Uint8Array(44 + 4 * 1600);
    bytes.set(encodeWav({ samples: new Float32Array(2), sampleRate }).subarray(0, 44));
    const view = new DataView(bytes.buffer);
    view.setUint32(4, bytes.length - 8, true);
    view.setUint16(20, 3, true);
    view.setUint32(28, sampleRate * 4, true);
    view.setUint16(32, 4, true);
    view.setUint16(34, 32, true);
    view.setUint32(40, 4 * 1600, true);
    view.setFloat32(44 + 4 * 700, NaN, true);
    await writeFile(join(folder, '7_ann_5.wav'), bytes);
    await expect(readRecordings(folder, 'all')).rejects.toThrow(/sample 700 of .*7_ann_5\.wav is NaN/u);
  }));
