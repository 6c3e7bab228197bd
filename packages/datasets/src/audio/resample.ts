import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { checkRoom, isRate, isSamples } from '../checks.ts';

/** The options of `resample` and `createResampler`. */
export interface ResampleOptions {
  /** Zero crossings on each side of the filter; more of them make it steeper. 16 by default */
  readonly zeroCrossings?: number | undefined;
  /** The end of the pass band, as a fraction of the lower of the two Nyquist frequencies. 0.92 by default */
  readonly rolloff?: number | undefined;
}

const resampleRules: OptionRules<ResampleOptions> = {
  zeroCrossings: is.optional(is.number({ min: 1, max: 1000 })),
  rolloff: is.optional(is.number({ above: 0, max: 1 })),
};

/**
 * The number of phases of the filter in the table. Interpolating between two phases has an error below −100 dB.
 */
const phases = 512;

/**
 * Changes the rate of samples by band-limited interpolation (Smith and Gossett 1984):
 * `y[n] = Σ_k x[k]·h(n·step − k)`, where `step = from/to` and h is a Kaiser-windowed sinc with cutoff
 * `rolloff·min(from, to)/2`. The filter removes frequencies above the new Nyquist frequency, so they cause no aliasing.
 *
 * @param samples at `from` Hz
 * @param from,to the rates in Hz, positive and not necessarily integers
 * @returns `ceil(samples.length·to/from)` samples at `to` Hz
 * @throws ArgumentError for a rate or an option that is not positive
 * @example
 * const narrow = resample(samples, 44_100, 8_000);
 */
export function resample(samples: Float32Array, from: number, to: number, options: ResampleOptions = {}): Float32Array {
  checkValue('resample', 'samples', samples, isSamples);
  checkValue('resample', 'from', from, isRate);
  checkValue('resample', 'to', to, isRate);
  checkOptions('resample', options, resampleRules);
  checkRoom('resample', (samples.length * to) / from);
  return from === to ? samples.slice() : createResampler(from / to, options)(samples);
}

/**
 * Creates a resampler for one ratio, with `step` input samples per output sample. It computes its filter once.
 *
 * @returns a function from samples `[n]` to samples `[⌈n/step⌉]`
 * @throws ArgumentError for a step outside 0 … 1,000, and for wrong options
 * @example
 * const half = createResampler(2);
 * half(samples);
 */
export function createResampler(step: number, options: ResampleOptions = {}): (samples: Float32Array) => Float32Array {
  // A step beyond this would need a filter of more than 60 million taps.
  checkValue('createResampler', 'step', step, is.number({ above: 0, max: 1000 }));
  checkOptions('createResampler', options, resampleRules);
  const { zeroCrossings = 16, rolloff = 0.92 } = options;
  const cutoff = rolloff * Math.min(1, 1 / step);
  const half = Math.ceil(zeroCrossings / cutoff);
  const table = tableOf(cutoff, half, zeroCrossings / cutoff);
  const taps = 2 * half;
  return (samples) => {
    checkValue('createResampler', 'samples', samples, isSamples);
    checkRoom('createResampler', samples.length / step);
    const output = new Float32Array(Math.ceil(samples.length / step));
    for (let n = 0; n < output.length; n++) {
      const position = n * step;
      const whole = Math.floor(position);
      const phase = (position - whole) * phases;
      const row = Math.floor(phase);
      const mix = phase - row;
      const first = whole - half + 1;
      const begin = Math.max(0, -first);
      const end = Math.min(taps, samples.length - first);
      const a = row * taps;
      const b = a + taps;
      let sum = 0;
      for (let tap = begin; tap < end; tap++) {
        const low = table[a + tap]!;
        sum += samples[first + tap]! * (low + mix * (table[b + tap]! - low));
      }
      output[n] = sum;
    }
    return output;
  };
}

/**
 * Computes `[phases + 1, 2·half]`: for each phase between two input samples, the filter's value at the samples around
 * it.
 */
function tableOf(cutoff: number, half: number, width: number): Float64Array {
  const taps = 2 * half;
  const table = new Float64Array((phases + 1) * taps);
  for (let phase = 0; phase <= phases; phase++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - half + 1 - phase / phases;
      const angle = Math.PI * cutoff * distance;
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
      const value = cutoff * sinc * kaiser(distance / width);
      table[phase * taps + tap] = value;
      sum += value;
    }
    // Each phase must leave a constant unchanged. Without this step, the phases differ by the ripple of the window.
    for (let tap = 0; tap < taps; tap++) table[phase * taps + tap]! /= sum;
  }
  return table;
}

/** The window of Kaiser and Schafer (1980), β = 9 for a stop band of −90 dB; 0 outside −1 … 1. */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(9 * Math.sqrt(1 - x * x)) / bessel(9);
}

/** The modified Bessel function I₀. Its series converges within 40 terms for the arguments of this window. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
