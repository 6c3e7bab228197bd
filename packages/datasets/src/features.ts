import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';

/** A sequence of feature vectors on the host. */
export interface Features {
  /** `[T, D]`, row-major */
  readonly data: Float32Array;
  /** T */
  readonly steps: number;
  /** D */
  readonly size: number;
}

/** The options of `normalizeFeatures`. */
export interface NormalizeOptions {
  /** `vector` (the default) subtracts the mean of each feature, `all` the mean over everything */
  readonly centre?: 'vector' | 'all' | undefined;
  /** Added to the standard deviation, so that a constant sequence becomes 0 instead of NaN. 1e-3 by default */
  readonly epsilon?: number | undefined;
}

const normalizeRules: OptionRules<NormalizeOptions> = {
  centre: is.optional(is.oneOf('vector', 'all')),
  epsilon: is.optional(is.number({ min: 0 })),
};

/**
 * Removes the level and the channel of a recording: `y[t, d] = (x[t, d] − mean[d])/(σ + ε)`, where σ is the standard
 * deviation of all values from their means. (A loud voice or a dull microphone adds constants to log energies.)
 *
 * @returns new features `[T, D]`
 * @throws ArgumentError for wrong features or options
 * @example
 * normalizeFeatures(logMel(samples), { centre: 'all' });
 */
export function normalizeFeatures(features: Features, options: NormalizeOptions = {}): Features {
  checkFeatures('normalizeFeatures', features);
  checkOptions('normalizeFeatures', options, normalizeRules);
  const { data, steps, size } = features;
  const { centre = 'vector', epsilon = 1e-3 } = options;
  const means = new Float64Array(size);
  for (let i = 0; i < data.length; i++) means[i % size]! += data[i]! / steps;
  if (centre === 'all') means.fill(means.reduce((sum, mean) => sum + mean, 0) / size);
  let variance = 0;
  for (let i = 0; i < data.length; i++) variance += (data[i]! - means[i % size]!) ** 2 / data.length;
  const scale = 1 / (Math.sqrt(variance) + epsilon);
  return { data: data.map((value, i) => (value - means[i % size]!) * scale), steps, size };
}

/**
 * Joins every `factor` frames into one: `[T, D]` → `[ceil(T/factor), factor·D]`. A recurrent layer then has fewer steps.
 * The last frame is repeated if T is not a multiple of `factor`.
 *
 * @throws ArgumentError if the factor is not a positive integer
 * @example
 * stackFrames(features, 3);
 */
export function stackFrames(features: Features, factor: number): Features {
  checkFeatures('stackFrames', features);
  checkValue('stackFrames', 'factor', factor, is.integer(1, 2 ** 20));
  const { data, steps, size } = features;
  const stacked = Math.ceil(steps / factor);
  const out = new Float32Array(stacked * factor * size);
  out.set(data);
  for (let step = steps; step < stacked * factor; step++) out.copyWithin(step * size, (steps - 1) * size, steps * size);
  return { data: out, steps: stacked, size: factor * size };
}

/**
 * Checks that `data` has `steps·size` elements.
 *
 * @throws ArgumentError
 */
export function checkFeatures(where: string, features: Features, name = 'features'): void {
  checkValue(where, name, features, is.like('features { data, steps, size }', 'data', 'steps', 'size'));
  checkValue(where, `${name}.data`, features.data, is.instanceOf(Float32Array));
  checkValue(where, `${name}.steps`, features.steps, is.integer(0));
  checkValue(where, `${name}.size`, features.size, is.integer(0));
  const { data, steps, size } = features;
  if (data.length !== steps * size)
    throw new ArgumentError(
      `[${where}] expected ${name}.data to hold steps·size = ${steps}·${size} numbers, got ${data.length}`,
    );
}
