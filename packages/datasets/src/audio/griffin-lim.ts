import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isRandom } from '../checks.ts';
import { checkFeatures, type Features } from '../features.ts';
import type { RandomSource } from '../random-source.ts';
import { createLogMelBank, type LogMelOptions } from './log-mel.ts';
import { inverseShortTimeFourier, resolveStft, shortTimeFourier, type StftOptions, stftRules } from './stft.ts';

/** Options of {@link griffinLim}. */
export interface GriffinLimOptions extends StftOptions {
  /** 60 by default */
  readonly iterations?: number | undefined;
  /** α, how far each step overshoots (Perraudin, Balazs and Søndergaard 2013); 0.99 by default, 0 for none */
  readonly momentum?: number | undefined;
  /** Draws the phases to start from; all 0 by default */
  readonly random?: RandomSource | undefined;
}

const rules: OptionRules<GriffinLimOptions> = {
  ...stftRules,
  iterations: is.optional(is.integer(0, 100_000)),
  momentum: is.optional(is.number({ min: 0, max: 2 })),
  random: is.optional(isRandom),
};

/**
 * Finds a signal for the magnitudes of a short-time Fourier transform, whose phases are not known (Griffin and Lim 1984,
 * with the momentum of Perraudin, Balazs and Søndergaard 2013). It goes back and forth between signal and spectrogram,
 * keeps the phases and puts in the magnitudes.
 *
 * @param magnitudes `[T, fftSize/2 + 1]`, |X[t, k]|
 * @returns (T − 1)·hop + windowLength samples
 * @throws ArgumentError for wrong options, or magnitudes of another size
 * @example
 * ```ts
 * const samples = griffinLim(magnitudes, { windowLength: 256, hop: 64, iterations: 30 });
 * ```
 */
export function griffinLim(magnitudes: Features, options: GriffinLimOptions): Float32Array {
  checkOptions('griffinLim', options, rules);
  checkFeatures('griffinLim', magnitudes, 'magnitudes');
  const { iterations = 60, momentum = 0.99, random, windowLength, hop, fftSize: given } = options;
  const stft = resolveStft('griffinLim', { windowLength, hop, fftSize: given });
  const { data, steps, size: bins } = magnitudes;
  if (bins !== stft.fftSize / 2 + 1 || data.length !== steps * bins)
    throw new ArgumentError(
      `[griffinLim] expected magnitudes [T, ${stft.fftSize / 2 + 1}], got ${data.length} numbers for ${steps} steps of ${bins}`,
    );
  const re = new Float64Array(data.length);
  const im = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const phase = random ? 2 * Math.PI * random.uniform() : 0;
    re[i] = data[i]! * Math.cos(phase);
    im[i] = data[i]! * Math.sin(phase);
  }
  const beforeRe = new Float64Array(data.length);
  const beforeIm = new Float64Array(data.length);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const consistent = shortTimeFourier(inverseShortTimeFourier({ re, im, steps, bins }, stft), stft);
    for (let i = 0; i < data.length; i++) {
      const [nowRe, nowIm] = [consistent.re[i]!, consistent.im[i]!];
      const x = nowRe + momentum * (nowRe - beforeRe[i]!);
      const y = nowIm + momentum * (nowIm - beforeIm[i]!);
      const scale = data[i]! / Math.max(Math.hypot(x, y), 1e-12);
      re[i] = x * scale;
      im[i] = y * scale;
      beforeRe[i] = nowRe;
      beforeIm[i] = nowIm;
    }
  }
  return inverseShortTimeFourier({ re, im, steps, bins }, stft);
}

/**
 * The magnitudes of a short-time Fourier transform with the given log-mel energies, a whole number of samples between
 * frames. Many have them; this takes the one that multiplicative updates (Lee and Seung 2001) lead to from an even
 * spectrum, which has no negative energies.
 *
 * @param logMel `[T, M]` as `createLogMel` gives it with these options
 * @returns `[T, F]` for {@link griffinLim}; the pre-emphasis is still in it, see {@link deEmphasize}
 * @throws ArgumentError for wrong options, or for as many bands as other options would give
 * @example
 * ```ts
 * const magnitudes = magnitudesOfLogMel(createLogMel(options)(samples), options);
 * ```
 */
export function magnitudesOfLogMel(logMel: Features, options: LogMelOptions): Features {
  const { bank, scale, floor, bins, bands } = createLogMelBank('magnitudesOfLogMel', options);
  checkFeatures('magnitudesOfLogMel', logMel, 'logMel');
  if (logMel.size !== bands)
    throw new ArgumentError(`[magnitudesOfLogMel] expected features [T, ${bands}], got [T, ${logMel.size}]`);
  const { steps } = logMel;
  const data = new Float32Array(steps * bins);
  const columns = new Float64Array(bins);
  bank.weights.forEach((filter, m) => filter.forEach((weight, i) => (columns[bank.starts[m]! + i]! += weight)));
  const power = new Float64Array(bins);
  const factor = new Float64Array(bins);
  for (let t = 0; t < steps; t++) {
    const wanted = bank.weights.map((_, m) => Math.max(0, Math.exp(logMel.data[t * bands + m]!) - floor));
    power.fill(0).forEach((_, k) => (power[k] = columns[k]! > 0 ? 1 : 0));
    for (let iteration = 0; iteration < 30; iteration++) {
      factor.fill(0);
      bank.weights.forEach((filter, m) => {
        let energy = 1e-20;
        filter.forEach((weight, i) => (energy += weight * power[bank.starts[m]! + i]!));
        filter.forEach((weight, i) => (factor[bank.starts[m]! + i]! += (weight * wanted[m]!) / energy));
      });
      for (let k = 0; k < bins; k++) if (columns[k]! > 0) power[k]! *= factor[k]! / columns[k]!;
    }
    for (let k = 0; k < bins; k++) data[t * bins + k] = Math.sqrt(power[k]! / scale);
  }
  return { data, steps, size: bins };
}

/**
 * Undoes a pre-emphasis: y[n] = x[n] + p·y[n − 1].
 *
 * @param samples `[n]`
 * @param preEmphasis p, as in `createLogMel`; 0.97 by default
 * @throws ArgumentError for a p outside 0 ≤ p < 1
 * @example
 * ```ts
 * const sound = deEmphasize(griffinLim(magnitudes, { windowLength: 256, hop: 64 }));
 * ```
 */
export function deEmphasize(samples: Float32Array, preEmphasis = 0.97): Float32Array {
  checkValue('deEmphasize', 'samples', samples, is.instanceOf(Float32Array));
  checkValue('deEmphasize', 'preEmphasis', preEmphasis, is.number({ min: 0, below: 1 }));
  let before = 0;
  return samples.map((value) => (before = value + preEmphasis * before));
}
