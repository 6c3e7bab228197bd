import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { checkFeatures, type Features } from '../features.ts';

/** The options of `toCepstra`. */
export interface CepstraOptions {
  /** C, the number of coefficients to keep, starting with the 0th. 13 by default */
  readonly coefficients?: number | undefined;
  /**
   * L of sinusoidal liftering, which makes the coefficients similar in size: `c[k]·(1 + L/2·sin(πk/L))`. 0 by default,
   * which means none, as in torchaudio. HTK and Kaldi use 22. librosa's `lifter` uses `π(k + 1)` instead of `πk`
   */
  readonly lifter?: number | undefined;
}

const cepstraRules: OptionRules<CepstraOptions> = {
  coefficients: is.optional(is.size()),
  lifter: is.optional(is.number({ min: 0, max: 1e6 })),
};

/**
 * Computes mel-frequency cepstral coefficients (MFCC): the orthonormal cosine transform (DCT-II) of log-mel energies,
 * `c[t, k] = s[k]·Σ_m y[t, m]·cos(πk(m + ½)/M)` with `s[0] = √(1/M)` and `s[k] = √(2/M)` otherwise.
 *
 * torchaudio and librosa use the same transform (`norm: 'ortho'`), but take the logarithm in decibels by default.
 * Multiply the energies by 10/ln 10 first to get their values. Their windows and filters differ too.
 *
 * Source: Davis and Mermelstein 1980.
 *
 * @param logMel `[T, M]`, from `createLogMel`
 * @returns `[T, C]`
 * @throws ArgumentError for more coefficients than bands, and for wrong options
 * @example
 * const cepstra = toCepstra(createLogMel({ sampleRate: 8000, bands: 40 })(samples), { coefficients: 13 });
 */
export function toCepstra(logMel: Features, options: CepstraOptions = {}): Features {
  checkFeatures('toCepstra', logMel);
  checkOptions('toCepstra', options, cepstraRules);
  const { data, steps, size } = logMel;
  const { coefficients = 13, lifter = 0 } = options;
  checkValue('toCepstra', 'coefficients', coefficients, is.integer(1, size));
  const table = new Float64Array(coefficients * size);
  for (let k = 0; k < coefficients; k++) {
    const lift = lifter > 0 ? 1 + (lifter / 2) * Math.sin((Math.PI * k) / lifter) : 1;
    const scale = lift * Math.sqrt((k === 0 ? 1 : 2) / size);
    for (let m = 0; m < size; m++) table[k * size + m] = scale * Math.cos((Math.PI * k * (m + 0.5)) / size);
  }
  const out = new Float32Array(steps * coefficients);
  for (let t = 0; t < steps; t++) {
    for (let k = 0; k < coefficients; k++) {
      let sum = 0;
      for (let m = 0; m < size; m++) sum += table[k * size + m]! * data[t * size + m]!;
      out[t * coefficients + k] = sum;
    }
  }
  return { data: out, steps, size: coefficients };
}

/** The options of `deltas`. */
export interface DeltaOptions {
  /** The number of steps that the line is fitted to, odd and at least 3. 5 by default, as in torchaudio */
  readonly width?: number | undefined;
}

const deltaRules: OptionRules<DeltaOptions> = { width: is.optional(is.integer(3, 2 ** 16 + 1)) };

/**
 * Computes how features change over time: the slope of a line fitted to `width = 2n + 1` steps,
 * `d[t] = Σ_{i=1…n} i·(x[t + i] − x[t − i]) / (2·Σ i²)`. The first and last steps are repeated beyond the ends.
 *
 * Same as torchaudio's `compute_deltas`, and librosa's `delta` with `mode: 'nearest'`. Apply it twice to get the second
 * order.
 *
 * @param features `[T, D]`
 * @returns `[T, D]`
 * @throws ArgumentError for a width that is even or below 3
 * @example
 * const withDeltas = joinFeatures([cepstra, deltas(cepstra), deltas(deltas(cepstra))]);    // [T, 3·13]
 */
export function deltas(features: Features, options: DeltaOptions = {}): Features {
  checkFeatures('deltas', features);
  checkOptions('deltas', options, deltaRules);
  const { data, steps, size } = features;
  const { width = 5 } = options;
  checkValue('deltas', 'width', width, (value) => ((value as number) % 2 === 1 ? null : 'an odd number'));
  const reach = (width - 1) / 2;
  let norm = 0;
  for (let i = 1; i <= reach; i++) norm += 2 * i * i;
  const out = new Float32Array(data.length);
  for (let t = 0; t < steps; t++) {
    for (let d = 0; d < size; d++) {
      let sum = 0;
      for (let i = 1; i <= reach; i++) {
        const [after, before] = [Math.min(steps - 1, t + i), Math.max(0, t - i)];
        sum += i * (data[after * size + d]! - data[before * size + d]!);
      }
      out[t * size + d] = sum / norm;
    }
  }
  return { data: out, steps, size };
}

/**
 * Concatenates the features of each step: `[T, D₁]`, `[T, D₂]`, … → `[T, D₁ + D₂ + …]`.
 *
 * @throws ArgumentError for an empty array, and for features that differ in T
 * @example
 * joinFeatures([cepstra, deltas(cepstra)]);
 */
export function joinFeatures(parts: readonly Features[]): Features {
  checkValue('joinFeatures', 'parts', parts, is.arrayOf(is.object, 'an array of features'));
  checkValue('joinFeatures', 'parts.length', parts.length, is.size());
  parts.forEach((part, i) => checkFeatures('joinFeatures', part, `parts[${i}]`));
  const { steps } = parts[0]!;
  parts.forEach((part, i) => checkValue('joinFeatures', `parts[${i}].steps`, part.steps, is.oneOf(steps)));
  const size = parts.reduce((total, part) => total + part.size, 0);
  const data = new Float32Array(steps * size);
  for (let t = 0, at = 0; t < steps; t++) {
    for (const part of parts) {
      data.set(part.data.subarray(t * part.size, (t + 1) * part.size), at);
      at += part.size;
    }
  }
  return { data, steps, size };
}
