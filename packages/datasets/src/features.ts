import { ArgumentError } from '@timestep/core';

/** A sequence of feature vectors on the host. */
export interface Features {
  /** `[T, D]`, row-major */
  readonly data: Float32Array;
  /** T */
  readonly steps: number;
  /** D */
  readonly size: number;
}

export interface NormalizeOptions {
  /** `vector`: each of the D features is centred by its own mean; `all`: by one mean over everything */
  readonly centre?: 'vector' | 'all';
  /** Added to the deviation, so that a constant sequence becomes 0 and not NaN. 1e-3 by default */
  readonly epsilon?: number;
}

/**
 * Takes the recording's own level and channel out: `y[t, d] = (x[t, d] − mean[d])/(σ + ε)`, σ the deviation of all of
 * them from their means. A loud voice, a dull microphone and a long cable add constants to log energies.
 */
export function normalizeFeatures(
  { data, steps, size }: Features,
  { centre = 'vector', epsilon = 1e-3 }: NormalizeOptions = {},
): Features {
  const means = new Float64Array(size);
  for (let i = 0; i < data.length; i++) means[i % size]! += data[i]! / steps;
  if (centre === 'all') means.fill(means.reduce((sum, mean) => sum + mean, 0) / size);
  let variance = 0;
  for (let i = 0; i < data.length; i++) variance += (data[i]! - means[i % size]!) ** 2 / data.length;
  const scale = 1 / (Math.sqrt(variance) + epsilon);
  return { data: data.map((value, i) => (value - means[i % size]!) * scale), steps, size };
}

/**
 * Joins each `factor` frames into one, `[T, D]` → `[ceil(T/factor), factor·D]`: a recurrent layer has that many fewer
 * steps to take. The last frame is repeated where it does not come out even.
 *
 * @throws ArgumentError for a factor that is no positive integer
 */
export function stackFrames({ data, steps, size }: Features, factor: number): Features {
  if (!Number.isInteger(factor) || factor < 1)
    throw new ArgumentError(`[stackFrames] expected a factor that is a positive integer, got ${factor}`);
  const stacked = Math.ceil(steps / factor);
  const out = new Float32Array(stacked * factor * size);
  out.set(data);
  for (let step = steps; step < stacked * factor; step++) out.copyWithin(step * size, (steps - 1) * size, steps * size);
  return { data: out, steps: stacked, size: factor * size };
}
