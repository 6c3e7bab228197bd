import { ArgumentError } from '@timestep/core';
import { fft, ifft } from '../audio/fourier.ts';
import type { RandomSource } from '../random-source.ts';

export interface RoomOptions {
  /** Hz */
  readonly sampleRate: number;
  /** T60: seconds until the echo has lost 60 dB */
  readonly reverberationSeconds: number;
  /** How far the energy of the echo lies below that of the direct sound, in dB */
  readonly directToReverberant: number;
  /** Seconds until the first echo arrives. 0.002 by default */
  readonly predelaySeconds?: number;
}

/**
 * The impulse response of a room: the direct sound, then Gaussian noise that decays by 60 dB in T60 (Polack 1988).
 * `h[0] = 1`, `h[n] ∝ g[n]·10^(−3n/(T60·rate))`.
 *
 * @throws ArgumentError for a reverberation time that is not positive
 */
export function roomImpulse({ sampleRate, reverberationSeconds, directToReverberant, predelaySeconds = 0.002 }: RoomOptions, random: RandomSource): Float32Array {
  if (!(reverberationSeconds > 0)) throw new ArgumentError(`[roomImpulse] expected a positive reverberation time, got ${reverberationSeconds} s`);
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
 * What a microphone hears in a room: `y[n] = Σ_k h[k]·x[n − k]`, cut to the length of the input, by Fourier transforms.
 *
 * @throws ArgumentError for an impulse of no samples
 */
export function convolve(samples: Float32Array, impulse: Float32Array): Float32Array {
  if (impulse.length === 0) throw new ArgumentError('[convolve] expected an impulse of at least one sample');
  const size = Math.max(4, 2 ** Math.ceil(Math.log2(samples.length + impulse.length)));
  const spectrum = (signal: Float32Array): [Float64Array, Float64Array] => {
    const padded = new Float64Array(size);
    padded.set(signal);
    return fft(padded, [new Float64Array(size / 2 + 1), new Float64Array(size / 2 + 1)]);
  };
  const [xr, xi] = spectrum(samples);
  const [hr, hi] = spectrum(impulse);
  for (let k = 0; k < xr.length; k++) {
    const real = xr[k]! * hr[k]! - xi[k]! * hi[k]!;
    xi[k] = xr[k]! * hi[k]! + xi[k]! * hr[k]!;
    xr[k] = real;
  }
  return new Float32Array(ifft(xr, xi, new Float64Array(size)).subarray(0, samples.length));
}
