import { ArgumentError, checkValue, is } from '@timestep/core';
import { isDecibels, isRandom, isSamples } from '../checks.ts';
import { fft, ifft } from '../audio/fourier.ts';
import type { RandomSource } from '../random-source.ts';

/** The spectrum of noise. The power of white noise is flat; that of pink noise falls as 1/f, of brown noise as 1/f². */
export type NoiseColor = 'white' | 'pink' | 'brown';

const exponents: Readonly<Record<NoiseColor, number>> = { white: 0, pink: 0.5, brown: 1 };

/**
 * Makes noise of unit power: Gaussian noise whose spectrum is divided by `f^(exponent)`, where the exponent is 0 (white),
 * ½ (pink) or 1 (brown).
 *
 * @param length in samples
 * @throws ArgumentError if the length is not a positive integer
 * @example
 * makeNoise(8000, 'pink', new Generator(1));
 */
export function makeNoise(length: number, color: NoiseColor, random: RandomSource): Float32Array {
  checkValue('makeNoise', 'length', length, is.integer(1, 2 ** 28));
  checkValue('makeNoise', 'color', color, is.oneOf('white', 'pink', 'brown'));
  checkValue('makeNoise', 'random', random, isRandom);
  const size = Math.max(4, 2 ** Math.ceil(Math.log2(length)));
  const white = Float64Array.from({ length: size }, () => random.normal());
  const exponent = exponents[color];
  let signal: Float64Array = white;
  if (exponent > 0) {
    const [re, im] = [new Float64Array(size / 2 + 1), new Float64Array(size / 2 + 1)];
    fft(white, [re, im]);
    for (let k = 1; k < re.length; k++) {
      re[k]! /= k ** exponent;
      im[k]! /= k ** exponent;
    }
    re[0] = 0;
    signal = ifft(re, im, new Float64Array(size));
  }
  const noise = new Float32Array(signal.subarray(0, length));
  const level = rootMeanSquare(noise);
  return level > 0 ? noise.map((value) => value / level) : noise;
}

/**
 * Adds noise at a signal-to-noise ratio: `y = x + n·rms(x)/rms(n)·10^(−decibels/20)`. The noise starts at `offset` and
 * repeats if it is too short.
 *
 * @throws ArgumentError for noise without samples
 * @example
 * addNoise(samples, makeNoise(samples.length, 'white', random), 20);
 */
export function addNoise(samples: Float32Array, noise: Float32Array, decibels: number, offset = 0): Float32Array {
  checkValue('addNoise', 'samples', samples, isSamples);
  checkValue('addNoise', 'noise', noise, isSamples);
  checkValue('addNoise', 'decibels', decibels, isDecibels);
  checkValue('addNoise', 'offset', offset, is.integer(0));
  if (noise.length === 0) throw new ArgumentError('[addNoise] expected noise of at least one sample');
  const level = rootMeanSquare(noise);
  const scale = level > 0 ? (rootMeanSquare(samples) / level) * 10 ** (-decibels / 20) : 0;
  const output = samples.slice();
  // A remainder per sample would take five times as long as the rest of the loop.
  for (let i = 0, at = offset % noise.length; i < output.length; i++, at = at + 1 === noise.length ? 0 : at + 1)
    output[i]! += scale * noise[at]!;
  return output;
}

/**
 * Makes a recording louder or softer: `y = x·10^(decibels/20)`.
 *
 * @throws ArgumentError for a level that is not finite
 * @example
 * changeGain(samples, -6);    // about half the amplitude
 */
export function changeGain(samples: Float32Array, decibels: number): Float32Array {
  checkValue('changeGain', 'samples', samples, isSamples);
  checkValue('changeGain', 'decibels', decibels, isDecibels);
  const factor = 10 ** (decibels / 20);
  return samples.map((value) => value * factor);
}

/**
 * Computes the root mean square, `√(mean of x²)`; 0 for no samples.
 *
 * @throws ArgumentError for anything but samples
 * @example
 * rootMeanSquare(Float32Array.of(3, -3));    // 3
 */
export function rootMeanSquare(samples: Float32Array): number {
  checkValue('rootMeanSquare', 'samples', samples, isSamples);
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}
