import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWav } from '@timestep/datasets';
import { Generator } from '@timestep/core';
import { type Recording, sampleRate } from '../data/recordings.ts';

/** Runs a test in a folder of its own. */
export async function inFolder<Result>(test: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'timestep-speech-'));
  try {
    return await test(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A "digit": a tone of its own over some noise, 0.2 s long. */
export function toneSamples(digit: number, random: Generator, seconds = 0.2): Float32Array {
  const frequency = 300 + 320 * digit;
  return Float32Array.from(
    { length: Math.round(seconds * sampleRate) },
    (_, n) => 0.3 * Math.sin((2 * Math.PI * frequency * n) / sampleRate) + 0.01 * random.normal(),
  );
}

export function toneRecordings(speakers: readonly string[], indices: readonly number[]): Recording[] {
  const random = new Generator(11);
  return speakers.flatMap((speaker) =>
    indices.flatMap((index) =>
      Array.from({ length: 10 }, (_, digit) => ({
        file: `${digit}_${speaker}_${index}.wav`,
        digit,
        speaker,
        index,
        samples: toneSamples(digit, random),
      })),
    ),
  );
}

/** Writes recordings as WAV files into a folder. */
export async function writeRecordings(folder: string, recordings: readonly Recording[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { file, samples } of recordings) await writeFile(join(folder, file), encodeWav({ samples, sampleRate }));
}
