import { checkValue, is } from '@timestep/core';
import { createResampler } from '../audio/resample.ts';
import { isSamples } from '../checks.ts';

/** 8 zero crossings take half the work of a filter for listening, and the error is below the noise added here. */
const quality = { zeroCrossings: 8, rolloff: 0.9 };

/**
 * Plays a recording `factor` times as fast, like a faster tape: it becomes shorter, and pitch and formants rise.
 *
 * @throws ArgumentError for a factor outside 0.25 … 4
 * @example
 * changeSpeed(samples, 1.1);
 */
export function changeSpeed(samples: Float32Array, factor: number): Float32Array {
  check('changeSpeed', samples, factor, 8000);
  return factor === 1 ? samples.slice() : createResampler(factor, quality)(samples);
}

/**
 * Divides the length by `factor` and keeps pitch and formants. It overlaps and adds pieces where they match best (WSOLA,
 * Verhelst and Roelands 1993). The pieces have 32 ms and are searched within ±8 ms.
 *
 * @param sampleRate Hz
 * @throws ArgumentError for a factor outside 0.25 … 4
 * @example
 * changeTempo(samples, 0.9, 8000);
 */
export function changeTempo(samples: Float32Array, sampleRate: number, factor: number): Float32Array {
  check('changeTempo', samples, factor, sampleRate);
  const half = Math.round(0.016 * sampleRate);
  const reach = Math.round(0.008 * sampleRate);
  const length = Math.round(samples.length / factor);
  if (factor === 1 || samples.length < 2 * half + reach) return samples.slice();
  const output = new Float32Array(length + 2 * half);
  // Two raised cosines half a piece apart add up to 1.
  const fade = Float32Array.from({ length: half }, (_, i) => 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / half));
  output.set(samples.subarray(0, half));
  let previous = 0;
  for (let at = 0; at < length; at += half) {
    const wanted = Math.round(at * factor);
    const from = at === 0 ? 0 : bestMatch(samples, previous + half, wanted, half, reach);
    for (let i = 0; i < half; i++) {
      const up = samples[from + i] ?? 0;
      const down = samples[from + half + i] ?? 0;
      if (at > 0) output[at + i]! += fade[i]! * up;
      output[at + half + i]! += (1 - fade[i]!) * down;
    }
    previous = from;
  }
  return output.slice(0, length);
}

/**
 * Multiplies pitch and formants by `factor` and keeps the length. It changes the tempo, then the speed.
 *
 * @param sampleRate Hz
 * @throws ArgumentError for a factor outside 0.25 … 4
 * @example
 * changePitch(samples, 1.2, 8000);
 */
export function changePitch(samples: Float32Array, sampleRate: number, factor: number): Float32Array {
  check('changePitch', samples, factor, sampleRate);
  return changeSpeed(changeTempo(samples, sampleRate, 1 / factor), factor);
}

/** Finds the start near `wanted` whose piece is most similar to the natural continuation, which starts at `natural`. */
function bestMatch(samples: Float32Array, natural: number, wanted: number, half: number, reach: number): number {
  const low = Math.max(0, wanted - reach);
  const high = Math.min(samples.length - half, wanted + reach);
  let best = Math.max(0, Math.min(wanted, samples.length - 1));
  let bestScore = -Infinity;
  for (let start = low; start <= high; start++) {
    let product = 0;
    let energy = 1e-9;
    // Every second sample is enough: at 8 kHz the pitch of a voice is far below the remaining 2 kHz.
    for (let i = 0; i < half; i += 2) {
      const value = samples[start + i]!;
      product += value * (samples[natural + i] ?? 0);
      energy += value * value;
    }
    const score = product / Math.sqrt(energy);
    if (score > bestScore) {
      bestScore = score;
      best = start;
    }
  }
  return best;
}

function check(where: string, samples: Float32Array, factor: number, sampleRate: number): void {
  checkValue(where, 'samples', samples, isSamples);
  // Below 100 Hz, a piece of 32 ms would contain no samples.
  checkValue(where, 'sampleRate', sampleRate, is.number({ min: 100, max: 1e9 }));
  checkValue(where, 'factor', factor, is.number({ min: 0.25, max: 4 }));
}
