import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isSamples } from '../checks.ts';
import { fft, ifft } from './fourier.ts';
import { frameCount, hannWindow } from './log-mel.ts';

/** Options of {@link shortTimeFourier} and {@link inverseShortTimeFourier}. */
export interface StftOptions {
  /** Samples of a frame, under von Hann's window */
  readonly windowLength: number;
  /** Samples between the starts of two frames */
  readonly hop: number;
  /** Length of the Fourier transform, a power of 2; the next one from windowLength on by default */
  readonly fftSize?: number | undefined;
}

export const stftRules: OptionRules<StftOptions> = {
  windowLength: is.integer(2, 2 ** 20),
  hop: is.integer(1, 2 ** 20),
  fftSize: is.optional(is.integer(2, 2 ** 20)),
};

/** A complex spectrogram. */
export interface ComplexSpectrogram {
  /** `[T, F]`, the real parts */
  readonly re: Float64Array;
  /** `[T, F]`, the imaginary parts */
  readonly im: Float64Array;
  /** T */
  readonly steps: number;
  /** F, fftSize/2 + 1 */
  readonly bins: number;
}

/** The options with the length of the transform; throws ArgumentError where they do not fit together. */
export function resolveStft(where: string, options: StftOptions): Required<StftOptions> & { fftSize: number } {
  checkOptions(where, options, stftRules);
  const { windowLength, hop } = options;
  const fftSize = options.fftSize ?? 2 ** Math.ceil(Math.log2(windowLength));
  if (fftSize < windowLength || Math.log2(fftSize) % 1 !== 0)
    throw new ArgumentError(
      `[${where}] expected fftSize to be a power of 2 of at least windowLength ${windowLength}, got ${fftSize}`,
    );
  if (hop > windowLength)
    throw new ArgumentError(
      `[${where}] expected hop to be at most windowLength ${windowLength}, got ${hop}; samples between frames would be lost`,
    );
  return { windowLength, hop, fftSize };
}

/**
 * The short-time Fourier transform: X[t, k] = Σ_n w[n]·x[t·hop + n]·exp(−2πi·k·n/fftSize), w von Hann's window. Frames
 * are not centred, as in `createLogMel`.
 *
 * @param samples `[n]`
 * @returns `[T, fftSize/2 + 1]`; T is 0 for no samples
 * @throws ArgumentError for wrong options
 * @example
 * ```ts
 * const { re, im, steps, bins } = shortTimeFourier(samples, { windowLength: 256, hop: 64 });
 * ```
 */
export function shortTimeFourier(samples: Float32Array, options: StftOptions): ComplexSpectrogram {
  const { windowLength, hop, fftSize } = resolveStft('shortTimeFourier', options);
  checkValue('shortTimeFourier', 'samples', samples, isSamples);
  const steps = frameCount(samples.length, windowLength, hop);
  const bins = fftSize / 2 + 1;
  const window = hannWindow(windowLength);
  const frame = new Float64Array(fftSize);
  const [re, im] = [new Float64Array(steps * bins), new Float64Array(steps * bins)];
  for (let t = 0; t < steps; t++) {
    for (let n = 0; n < windowLength; n++) frame[n] = window[n]! * (samples[t * hop + n] ?? 0);
    const [frameRe, frameIm] = fft(frame);
    re.set(frameRe, t * bins);
    im.set(frameIm, t * bins);
  }
  return { re, im, steps, bins };
}

/**
 * The signal whose short-time Fourier transform is nearest to a given one (Griffin and Lim 1984, equation 6): frames
 * are added up under the window and divided by the sum of its squares.
 *
 * @param spectrogram `[T, fftSize/2 + 1]`; it need not be the transform of any signal
 * @returns (T − 1)·hop + windowLength samples, none for T = 0
 * @throws ArgumentError for wrong options, or for as many bins as another fftSize would have
 * @example
 * ```ts
 * const samples = inverseShortTimeFourier(spectrogram, { windowLength: 256, hop: 64 });
 * ```
 */
export function inverseShortTimeFourier(spectrogram: ComplexSpectrogram, options: StftOptions): Float32Array {
  const { windowLength, hop, fftSize } = resolveStft('inverseShortTimeFourier', options);
  checkValue('inverseShortTimeFourier', 'spectrogram', spectrogram, is.like('a spectrogram', 're', 'im', 'steps'));
  const { re, im, steps, bins } = spectrogram;
  if (bins !== fftSize / 2 + 1 || re.length !== steps * bins || im.length !== steps * bins)
    throw new ArgumentError(
      `[inverseShortTimeFourier] expected [T, ${fftSize / 2 + 1}] numbers, got ${re.length} for ${steps} steps of ${bins} bins`,
    );
  const length = steps === 0 ? 0 : (steps - 1) * hop + windowLength;
  const window = hannWindow(windowLength);
  const sum = new Float64Array(length);
  const weight = new Float64Array(length);
  for (let t = 0; t < steps; t++) {
    const frame = ifft(re.slice(t * bins, (t + 1) * bins), im.slice(t * bins, (t + 1) * bins));
    for (let n = 0; n < windowLength; n++) {
      sum[t * hop + n]! += window[n]! * frame[n]!;
      weight[t * hop + n]! += window[n]! * window[n]!;
    }
  }
  // At the ends the window is near 0, and nothing is known there.
  return Float32Array.from(sum, (value, n) => (weight[n]! > 1e-3 ? value / weight[n]! : 0));
}
