import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';

/** The options of `splitByTime`. */
export interface SplitOptions {
  /** The fraction of the first part, which is used for training */
  readonly train: number;
  /** The fraction of the next part, which is used to choose settings. 0 by default; the rest is the test part */
  readonly validation?: number | undefined;
  /** The number of items to leave out at each border, so that no window crosses it. 0 by default */
  readonly gap?: number | undefined;
}

const optionRules: OptionRules<SplitOptions> = {
  train: is.number({ above: 0, max: 1 }),
  validation: is.optional(is.number({ min: 0, max: 1 })),
  gap: is.optional(is.integer(0)),
};

/** The first item of a part, and the one after its last. */
export type Span = readonly [begin: number, end: number];

/**
 * Splits items in the order of time, without shuffling: training part, validation part, test part. The borders are at
 * `round(fraction·length)`.
 *
 * @param length the number of items
 * @returns the spans of the three parts, which may be empty
 * @throws ArgumentError for fractions that add up to more than 1
 * @example
 * splitByTime(100, { train: 0.7, validation: 0.1 });    // train [0, 70], validation [70, 80], test [80, 100]
 */
export function splitByTime(
  length: number,
  options: SplitOptions,
): { readonly train: Span; readonly validation: Span; readonly test: Span } {
  checkValue('splitByTime', 'length', length, is.integer(0));
  checkOptions('splitByTime', options, optionRules);
  const { train, validation = 0, gap = 0 } = options;
  // The sum of fractions such as 0.7 + 0.2 + 0.1 may differ from 1 by a rounding error.
  if (train + validation > 1 + 1e-12)
    throw new ArgumentError(`[splitByTime] expected shares of at most 1 in all, got ${train} + ${validation}`);
  const first = Math.round(train * length);
  const second = Math.min(length, Math.round((train + validation) * length));
  const from = (border: number, end: number): Span => [Math.min(border + gap, end), end];
  return { train: [0, first], validation: from(first, second), test: from(second, length) };
}
