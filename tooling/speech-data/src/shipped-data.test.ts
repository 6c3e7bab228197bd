import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWav } from '@timestep/datasets';
import { describe, expect, test } from 'vitest';
import { sampleRate, synthesize, trim } from './synthesize.ts';
import { digits, firstIndex, renditionsOf, speakers } from './voices.ts';

const folder = fileURLToPath(new URL('../../../apps/speech/data/', import.meta.url));
const recordings = join(folder, 'recordings');
const version = espeakVersion();

describe('the casting', () => {
  const of = (split: string) => speakers.filter((speaker) => speaker.split === split);

  test('no base voice and no variant is in both splits', () => {
    for (const key of ['base', 'variant', 'name'] as const) {
      const trained = new Set(of('train').map((speaker) => speaker[key]));
      expect(of('test').filter((speaker) => trained.has(speaker[key]))).toEqual([]);
    }
    expect(new Set(speakers.map((speaker) => speaker.name)).size).toBe(speakers.length);
    expect(speakers.length).toBeGreaterThanOrEqual(24);
  });

  test('every speaker has three renditions that differ in speed and pitch', () => {
    speakers.forEach((_, index) => {
      const renditions = renditionsOf(index);
      expect(new Set(renditions.map(({ speed }) => speed)).size).toBe(3);
      expect(new Set(renditions.map(({ pitch }) => pitch)).size).toBe(3);
    });
  });
});

describe('the recordings', () => {
  test('are the casting, file by file, in at most 4 MB', () => {
    const wanted = speakers.flatMap((speaker, speakerIndex) =>
      renditionsOf(speakerIndex).flatMap((_, i) =>
        digits.map((_, digit) => `${digit}_${speaker.name}_${firstIndex(speaker.split) + i}.wav`),
      ),
    );
    const files = readdirSync(recordings);
    expect(files.toSorted()).toEqual(wanted.toSorted());
    expect(files.reduce((sum, file) => sum + statSync(join(recordings, file)).size, 0)).toBeLessThanOrEqual(4e6);
    const rows = readFileSync(join(folder, 'index.csv'), 'utf8').trim().split('\n').slice(1);
    expect(rows.map((row) => row.split(',')[0]).toSorted()).toEqual(wanted.toSorted());
  });

  test('are 8-bit WAV files at 8 kHz, audible, and without long silences at their ends', () => {
    for (const file of readdirSync(recordings)) {
      const bytes = readFileSync(join(recordings, file));
      const { samples, sampleRate: rate } = readWav(bytes, { name: file });
      expect([rate, bytes.readUInt16LE(34), bytes.readUInt16LE(22)]).toEqual([sampleRate, 8, 1]);
      expect(Math.max(...samples)).toBeGreaterThan(0.3);
      expect(samples.length / sampleRate).toBeGreaterThan(0.1);
      expect(samples.length / sampleRate).toBeLessThan(1);
    }
  });

  test.skipIf(version !== '1.51')(`are what espeak-ng 1.51 says (installed: ${version ?? 'none'})`, () => {
    const scratch = mkdtempSync(join(tmpdir(), 'timestep-speech-'));
    const speaker = speakers.find(({ name }) => name === 'scotland-f3')!;
    const rendition = renditionsOf(speakers.indexOf(speaker))[1]!;
    digits.forEach((word, digit) => {
      const made = synthesize(word, speaker, rendition, join(scratch, 'word.wav'));
      expect(Buffer.from(made).equals(readFileSync(join(recordings, `${digit}_scotland-f3_1.wav`)))).toBe(true);
    });
    rmSync(scratch, { recursive: true });
  });
});

test('trimming keeps the sound and 10 ms on each side', () => {
  const samples = new Float32Array(8000);
  for (let i = 3000; i < 5000; i++) samples[i] = Math.sin(i / 3);
  const trimmed = trim(samples);
  expect(trimmed.length).toBe(2000 + 160);
  expect(trimmed.slice(80, 2080)).toEqual(samples.slice(3000, 5000));
});

function espeakVersion(): string | null {
  try {
    return /text-to-speech: (\S+)/u.exec(execFileSync('espeak-ng', ['--version'], { encoding: 'utf8' }))?.[1] ?? null;
  } catch {
    return null;
  }
}
