import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { encodeWav, readWav, resample } from '@timestep/datasets';
import type { Rendition, Speaker } from './voices.ts';

/** Hz; the telephone's rate, and that of the Free Spoken Digit Dataset */
export const sampleRate = 8000;

/** One word as an 8-bit WAV file at 8 kHz, its silent ends cut off. `scratch` is a file that may be overwritten. */
export function synthesize(word: string, speaker: Speaker, { speed, pitch }: Rendition, scratch: string): Uint8Array {
  execFileSync('espeak-ng', [
    '-v',
    `${speaker.base}+${speaker.variant}`,
    '-s',
    String(speed),
    '-p',
    String(pitch),
    '-w',
    scratch,
    word,
  ]);
  const { samples, sampleRate: own } = readWav(readFileSync(scratch), { name: scratch });
  return encodeWav({ samples: normalizePeak(trim(resample(samples, own, sampleRate)), 0.9), sampleRate }, { bits: 8 });
}

/** Cuts both ends where 5 ms pieces stay 40 dB below the loudest one, and leaves 10 ms beside what remains. */
export function trim(samples: Float32Array): Float32Array {
  const piece = sampleRate / 200;
  const levels = Array.from({ length: Math.ceil(samples.length / piece) }, (_, i) =>
    samples.subarray(i * piece, (i + 1) * piece).reduce((sum, value) => sum + value * value, 0),
  );
  const threshold = Math.max(...levels) * 1e-4;
  const loud = (level: number) => level > threshold;
  const margin = sampleRate / 100;
  return samples.slice(
    Math.max(0, levels.findIndex(loud) * piece - margin),
    (levels.findLastIndex(loud) + 1) * piece + margin,
  );
}

function normalizePeak(samples: Float32Array, peak: number): Float32Array {
  const most = samples.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most > 0 ? samples.map((value) => (value * peak) / most) : samples;
}
