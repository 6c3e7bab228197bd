import { ArgumentError } from '@timestep/core';

/**
 * A bank of triangular filters, kept sparse: filter m weighs the bins `starts[m] … starts[m] + weights[m].length − 1`.
 */
export interface FilterBank {
  readonly starts: Int32Array;
  readonly weights: readonly Float64Array[];
}

export interface MelOptions {
  /** M, the number of filters */
  readonly bands: number;
  /** Hz */
  readonly sampleRate: number;
  /** Length of the Fourier transform */
  readonly fftSize: number;
  /** Hz, the lower edge of the first filter */
  readonly lowFrequency: number;
  /** Hz, the upper edge of the last filter */
  readonly highFrequency: number;
  /**
   * Scales the frequencies of a speaker: a vocal tract shorter by 1/warp. Piecewise linear, so that the upper edge
   * stays in place (Jaitly and Hinton 2013). 1 by default
   */
  readonly warp?: number;
}

/** Hz to mel: `1127·ln(1 + f/700)` (O'Shaughnessy 1987). */
export function hertzToMel(hertz: number): number {
  return 1127 * Math.log1p(hertz / 700);
}

/** mel to Hz: the inverse of `hertzToMel`. */
export function melToHertz(mel: number): number {
  return 700 * Math.expm1(mel / 1127);
}

/**
 * Triangles whose corners are evenly spaced in mel: filter m rises from corner m to m + 1 and falls to m + 2, in Hz,
 * with a peak of 1 (Davis and Mermelstein 1980). A filter so narrow that it falls between two bins takes the nearest
 * one.
 *
 * @throws ArgumentError for frequencies outside 0 ≤ low < high ≤ sampleRate/2, no bands or a warp that is not positive
 */
export function melFilterBank({
  bands,
  sampleRate,
  fftSize,
  lowFrequency,
  highFrequency,
  warp = 1,
}: MelOptions): FilterBank {
  if (!Number.isInteger(bands) || bands < 1)
    throw new ArgumentError(`[melFilterBank] expected a number of bands of at least 1, got ${bands}`);
  if (!(lowFrequency >= 0 && lowFrequency < highFrequency && highFrequency <= sampleRate / 2)) {
    throw new ArgumentError(
      `[melFilterBank] expected 0 <= lowFrequency < highFrequency <= ${sampleRate / 2} Hz, got ${lowFrequency} and ${highFrequency}`,
    );
  }
  if (!(warp > 0.5 && warp < 2))
    throw new ArgumentError(`[melFilterBank] expected a warp between 0.5 and 2, got ${warp}`);
  const low = hertzToMel(lowFrequency);
  const width = (hertzToMel(highFrequency) - low) / (bands + 1);
  const corners = Float64Array.from({ length: bands + 2 }, (_, i) =>
    warped(melToHertz(low + i * width), warp, highFrequency),
  );
  const starts = new Int32Array(bands);
  const weights: Float64Array[] = [];
  const binWidth = sampleRate / fftSize;
  for (let band = 0; band < bands; band++) {
    const [left, centre, right] = [corners[band]!, corners[band + 1]!, corners[band + 2]!];
    const first = Math.ceil(left / binWidth);
    const last = Math.min(fftSize / 2, Math.floor(right / binWidth));
    const filter = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const frequency = (first + i) * binWidth;
      return Math.max(0, Math.min((frequency - left) / (centre - left), (right - frequency) / (right - centre)));
    });
    const empty = !filter.some((weight) => weight > 0);
    starts[band] = empty ? Math.round(centre / binWidth) : first;
    weights.push(empty ? Float64Array.of(1) : filter);
  }
  return { starts, weights };
}

/** f·warp up to a knee below the upper edge, then a straight line to that edge, which maps to itself. */
function warped(frequency: number, warp: number, highFrequency: number): number {
  const knee = (0.8 * highFrequency) / Math.max(1, warp);
  if (frequency <= knee) return frequency * warp;
  return highFrequency - ((highFrequency - knee * warp) / (highFrequency - knee)) * (highFrequency - frequency);
}
