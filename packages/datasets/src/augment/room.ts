import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { fft, ifft } from '../audio/fourier.ts';
import { isDecibels, isRandom, isRate, isSamples } from '../checks.ts';
import type { RandomSource } from '../random-source.ts';

/** The options of `roomImpulse`. */
export interface RoomOptions {
  /** Hz */
  readonly sampleRate: number;
  /** T60, the time in seconds in which the echo decays by 60 dB */
  readonly reverberationSeconds: number;
  /** The energy of the direct sound over that of the echo, in dB */
  readonly directToReverberant: number;
  /** Seconds until the first echo arrives. 0.002 by default */
  readonly predelaySeconds?: number | undefined;
}

const roomRules: OptionRules<RoomOptions> = {
  sampleRate: isRate,
  reverberationSeconds: is.number({ above: 0, max: 600 }),
  directToReverberant: isDecibels,
  predelaySeconds: is.optional(is.number({ min: 0 })),
};

/**
 * Makes the impulse response of a room: the direct sound, then Gaussian noise that decays by 60 dB in T60 (Polack 1988).
 * `h[0] = 1`, `h[n] ∝ g[n]·10^(−3n/(T60·rate))`.
 *
 * @throws ArgumentError for a reverberation time that is not positive
 * @example
 * roomImpulse({ sampleRate: 8000, reverberationSeconds: 0.4, directToReverberant: 6 }, new Generator(1));
 */
export function roomImpulse(options: RoomOptions, random: RandomSource): Float32Array {
  checkOptions('roomImpulse', options, roomRules);
  checkValue('roomImpulse', 'random', random, isRandom);
  const { sampleRate, reverberationSeconds, directToReverberant, predelaySeconds = 0.002 } = options;
  const length = Math.max(2, Math.round(reverberationSeconds * sampleRate));
  const first = Math.min(length - 1, Math.max(1, Math.round(predelaySeconds * sampleRate)));
  const impulse = new Float32Array(length);
  let energy = 0;
  for (let n = first; n < length; n++) {
    impulse[n] = random.normal() * 10 ** ((-3 * n) / length);
    energy += impulse[n]! ** 2;
  }
  const scale = Math.sqrt(10 ** (-directToReverberant / 10) / energy);
  for (let n = first; n < length; n++) impulse[n]! *= scale;
  impulse[0] = 1;
  return impulse;
}

/**
 * Convolves samples with an impulse response, as a room does: `y[n] = Σ_k h[k]·x[n − k]`, cut to the length of the
 * input. It uses Fourier transforms.
 *
 * @throws ArgumentError for an impulse without samples
 * @example
 * convolve(samples, roomImpulse(options, random));
 */
export function convolve(samples: Float32Array, impulse: Float32Array): Float32Array {
  return createConvolver(impulse)(samples);
}

/**
 * Creates the convolution with one impulse, whose spectrum it computes once. Long inputs are split into blocks whose
 * results overlap and add (Stockham 1966). A single transform of the whole input took three times as long.
 *
 * @throws ArgumentError for an impulse without samples
 * @example
 * const hall = createConvolver(roomImpulse(options, random));
 * const heard = hall(samples);
 */
export function createConvolver(impulse: Float32Array): (samples: Float32Array) => Float32Array {
  checkValue('createConvolver', 'impulse', impulse, isSamples);
  if (impulse.length === 0) throw new ArgumentError('[createConvolver] expected an impulse of at least one sample');
  const size = Math.max(256, 2 ** Math.ceil(Math.log2(2 * impulse.length)));
  const block = size - impulse.length + 1;
  const half = size / 2 + 1;
  const padded = new Float64Array(size);
  padded.set(impulse);
  const [hr, hi] = fft(padded, [new Float64Array(half), new Float64Array(half)]);
  const [xr, xi] = [new Float64Array(half), new Float64Array(half)];
  const result = new Float64Array(size);
  return (samples) => {
    checkValue('createConvolver', 'samples', samples, isSamples);
    const output = new Float32Array(samples.length);
    for (let start = 0; start < samples.length; start += block) {
      padded.fill(0);
      padded.set(samples.subarray(start, start + block));
      fft(padded, [xr, xi]);
      for (let k = 0; k < half; k++) {
        const real = xr[k]! * hr[k]! - xi[k]! * hi[k]!;
        xi[k] = xr[k]! * hi[k]! + xi[k]! * hr[k]!;
        xr[k] = real;
      }
      ifft(xr, xi, result);
      const end = Math.min(samples.length - start, size);
      for (let n = 0; n < end; n++) output[start + n]! += result[n]!;
    }
    return output;
  };
}
