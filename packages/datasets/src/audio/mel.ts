import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isRate } from '../checks.ts';

/**
 * A sparse bank of triangular filters: filter m weights the bins `starts[m] … starts[m] + weights[m].length − 1`.
 */
export interface FilterBank {
  readonly starts: Int32Array;
  readonly weights: readonly Float64Array[];
}

/** The options of `melFilterBank`. */
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
   * Scales the frequencies of a speaker, as a vocal tract shorter by 1/warp would. It is piecewise linear, so that the
   * upper edge does not move (Jaitly and Hinton 2013). 1 by default
   */
  readonly warp?: number | undefined;
}

const melRules: OptionRules<MelOptions> = {
  bands: is.integer(1, 2 ** 16),
  sampleRate: isRate,
  fftSize: is.integer(2, 2 ** 26),
  lowFrequency: is.number(),
  highFrequency: is.number(),
  warp: is.optional(is.number({ above: 0.5, below: 2 })),
};

/**
 * Converts Hz to mel: `1127·ln(1 + f/700)` (O'Shaughnessy 1987).
 *
 * @throws ArgumentError for a negative frequency
 * @example
 * hertzToMel(1000);    // 999.99
 */
export function hertzToMel(hertz: number): number {
  checkValue('hertzToMel', 'hertz', hertz, is.number({ min: 0 }));
  return 1127 * Math.log1p(hertz / 700);
}

/**
 * Converts mel to Hz: `700·(e^(mel/1127) − 1)`, the inverse of `hertzToMel`.
 *
 * @throws ArgumentError for a value outside 0 … 100,000
 * @example
 * melToHertz(1000);    // 1000.01
 */
export function melToHertz(mel: number): number {
  checkValue('melToHertz', 'mel', mel, is.number({ min: 0, max: 1e5 }));
  return 700 * Math.expm1(mel / 1127);
}

/**
 * Creates triangular filters whose corners are evenly spaced in mel. Filter m rises from corner m to m + 1 and falls to
 * m + 2, linearly in Hz, with a peak of 1 (Davis and Mermelstein 1980). A filter that is too narrow to contain a bin
 * uses the nearest one.
 *
 * @throws ArgumentError for frequencies outside 0 ≤ low < high ≤ sampleRate/2, no bands, or a warp that is not positive
 * @example
 * melFilterBank({ bands: 40, sampleRate: 8000, fftSize: 256, lowFrequency: 20, highFrequency: 4000 });
 */
export function melFilterBank(options: MelOptions): FilterBank {
  checkOptions('melFilterBank', options, melRules);
  const { bands, sampleRate, fftSize, lowFrequency, highFrequency, warp = 1 } = options;
  if (!(lowFrequency >= 0 && lowFrequency < highFrequency && highFrequency <= sampleRate / 2)) {
    throw new ArgumentError(
      `[melFilterBank] expected 0 <= lowFrequency < highFrequency <= ${sampleRate / 2} Hz, got ${lowFrequency} and ${highFrequency}`,
    );
  }
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

/** Returns f·warp up to a knee below the upper edge, then a straight line to the edge, which maps to itself. */
function warped(frequency: number, warp: number, highFrequency: number): number {
  const knee = (0.8 * highFrequency) / Math.max(1, warp);
  if (frequency <= knee) return frequency * warp;
  return highFrequency - ((highFrequency - knee * warp) / (highFrequency - knee)) * (highFrequency - frequency);
}
