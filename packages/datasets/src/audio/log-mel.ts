import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isRate, isSamples } from '../checks.ts';
import { fft } from './fourier.ts';
import { type FilterBank, melFilterBank } from './mel.ts';
import type { Features } from '../features.ts';

/** The options of `createLogMel`. */
export interface LogMelOptions {
  /** Hz */
  readonly sampleRate: number;
  /** M, 40 by default */
  readonly bands?: number | undefined;
  /** 0.025 s by default */
  readonly windowSeconds?: number | undefined;
  /** 0.010 s by default */
  readonly hopSeconds?: number | undefined;
  /** Hz, 20 by default */
  readonly lowFrequency?: number | undefined;
  /** Hz, half the sample rate by default */
  readonly highFrequency?: number | undefined;
  /**
   * Added to each energy before the logarithm; full scale is 1. 1e-8 by default, which is below the noise of 16-bit
   * audio
   */
  readonly floor?: number | undefined;
  /** p of `x[n] − p·x[n−1]`, which lifts the high frequencies of speech. 0.97 by default, 0 for none */
  readonly preEmphasis?: number | undefined;
}

/** How one recording differs from the settings; used for augmentation. */
export interface LogMelVariation {
  /** Scales the speaker's frequencies; see `melFilterBank`. 1 by default */
  readonly warp?: number | undefined;
  /** Scales the tempo without changing the pitch: frames are `tempo·hop` apart. 1 by default */
  readonly tempo?: number | undefined;
}

const logMelRules: OptionRules<LogMelOptions> = {
  sampleRate: isRate,
  bands: is.optional(is.integer(1, 2 ** 16)),
  windowSeconds: is.optional(is.number({ above: 0, max: 10 })),
  hopSeconds: is.optional(is.number({ above: 0 })),
  lowFrequency: is.optional(is.number({ min: 0 })),
  highFrequency: is.optional(is.number({ above: 0 })),
  floor: is.optional(is.number({ above: 0 })),
  preEmphasis: is.optional(is.number({ min: 0, max: 1 })),
};
const variationRules: OptionRules<LogMelVariation> = {
  warp: is.optional(is.number({ above: 0.5, below: 2 })),
  tempo: is.optional(is.number({ min: 0.1, max: 10 })),
};

/** Computes log-mel features; returned by `createLogMel`. */
export type LogMel = (samples: Float32Array, variation?: LogMelVariation) => Features;

/**
 * The number of frames in `length` samples: `⌊(length − window)/hop⌋ + 1`. Samples that are shorter than a window give
 * one frame, padded with zeros.
 *
 * @throws ArgumentError for sizes that are not numbers, and a hop that is not positive
 * @example
 * frameCount(400, 200, 80);    // 3
 */
export function frameCount(length: number, window: number, hop: number): number {
  checkValue('frameCount', 'length', length, is.integer(0));
  checkValue('frameCount', 'window', window, is.size());
  checkValue('frameCount', 'hop', hop, is.number({ above: 0 }));
  return length === 0 ? 0 : Math.max(1, 1 + Math.floor((length - window) / hop));
}

/**
 * Makes the periodic Hann window: `w[n] = ½ − ½·cos(2πn/length)`.
 *
 * @throws ArgumentError if the length is not an integer ≥ 0
 * @example
 * hannWindow(4);    // [0, 0.5, 1, 0.5]
 */
export function hannWindow(length: number): Float64Array {
  checkValue('hannWindow', 'length', length, is.integer(0, 2 ** 28));
  return Float64Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
}

/**
 * The filters and scales of log-mel energies with these options.
 *
 * @throws ArgumentError for a window below 2 samples, a hop below 1, or frequencies that the rate cannot carry
 */
export function createLogMelBank(where: string, options: LogMelOptions) {
  checkOptions(where, options, logMelRules);
  const { sampleRate, bands = 40, windowSeconds = 0.025, hopSeconds = 0.01, floor = 1e-8 } = options;
  const { lowFrequency = 20, highFrequency = sampleRate / 2 } = options;
  const length = Math.round(windowSeconds * sampleRate);
  const hop = hopSeconds * sampleRate;
  if (!(length >= 2) || !(hop >= 1))
    throw new ArgumentError(
      `[${where}] expected a window of at least 2 samples and a hop of at least 1, got ${length} and ${hop}`,
    );
  const fftSize = 2 ** Math.ceil(Math.log2(length));
  const window = hannWindow(length);
  const scale = 1 / window.reduce((sum, weight) => sum + weight * weight, 0);
  const bankOf = (warp: number) => melFilterBank({ bands, sampleRate, fftSize, lowFrequency, highFrequency, warp });
  return { bank: bankOf(1), bankOf, window, length, hop, fftSize, bins: fftSize / 2 + 1, scale, floor, bands };
}

/**
 * Computes log-mel energies: `y[t, m] = ln(floor + Σ_k W[m, k]·|FFT(w·x_t)[k]|² / Σ w²)`, where x_t is the frame at
 * `t·hop`, w the Hann window and W the filters of `melFilterBank`.
 *
 * Source: Davis and Mermelstein 1980.
 *
 * @returns a function that takes samples `[n]` and returns features `[T, M]`; T is 0 for no samples
 * @throws ArgumentError for a window below 2 samples, a hop below 1, or frequencies above half the sample rate
 * @example
 * const logMel = createLogMel({ sampleRate: 8000, bands: 40 });
 * const { data, steps, size } = logMel(samples);    // steps frames of 40
 */
export function createLogMel(options: LogMelOptions): LogMel {
  const {
    bank: plain,
    bankOf,
    window,
    length,
    hop,
    fftSize,
    scale,
    floor,
    bands,
  } = createLogMelBank('createLogMel', options);
  const { preEmphasis = 0.97 } = options;
  const frame = new Float64Array(fftSize);
  const power = new Float64Array(fftSize / 2 + 1);

  return (samples, variation = {}) => {
    checkValue('createLogMel', 'samples', samples, isSamples);
    checkOptions('createLogMel', variation, variationRules);
    const { warp = 1, tempo = 1 } = variation;
    const bank = warp === 1 ? plain : bankOf(warp);
    const steps = frameCount(samples.length, length, hop * tempo);
    const data = new Float32Array(steps * bands);
    for (let step = 0; step < steps; step++) {
      const start = Math.round(step * hop * tempo);
      for (let n = 0; n < length; n++) {
        const at = start + n;
        const now = at < samples.length ? samples[at]! : 0;
        const before = at > 0 && at <= samples.length ? samples[at - 1]! : 0;
        frame[n] = window[n]! * (now - preEmphasis * before);
      }
      const [re, im] = fft(frame);
      for (let k = 0; k < power.length; k++) power[k] = scale * (re[k]! * re[k]! + im[k]! * im[k]!);
      weigh(power, bank, floor, data, step * bands);
    }
    return { data, steps, size: bands };
  };
}

function weigh(
  power: Float64Array,
  { starts, weights }: FilterBank,
  floor: number,
  out: Float32Array,
  offset: number,
): void {
  for (let band = 0; band < weights.length; band++) {
    const filter = weights[band]!;
    const start = starts[band]!;
    let energy = floor;
    for (let i = 0; i < filter.length; i++) energy += filter[i]! * power[start + i]!;
    out[offset + band] = Math.log(energy);
  }
}
