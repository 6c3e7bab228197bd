import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';

export interface SplitOptions {
  /** The share of the first part, which is trained on */
  readonly train: number;
  /** The share behind it, which settings are chosen by. 0 by default; what is left is the test part */
  readonly validation?: number | undefined;
  /** Items left out at each border, so that no window reaches over it. 0 by default */
  readonly gap?: number | undefined;
}

const optionRules: OptionRules<SplitOptions> = {
  train: is.number({ above: 0, max: 1 }),
  validation: is.optional(is.number({ min: 0, max: 1 })),
  gap: is.optional(is.integer(0)),
};

/** First item and the one behind the last. */
export type Span = readonly [begin: number, end: number];

/**
 * Splits items that are in time order, without shuffling: what is trained on lies before what is judged on. Borders are
 * at `round(share·length)`.
 *
 * @param length items
 * @returns the spans of the three parts; one may be empty
 * @throws ArgumentError for shares that add up to more than 1
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
  // Shares such as 0.7 + 0.2 + 0.1 miss 1 by a rounding.
  if (train + validation > 1 + 1e-12)
    throw new ArgumentError(`[splitByTime] expected shares of at most 1 in all, got ${train} + ${validation}`);
  const first = Math.round(train * length);
  const second = Math.min(length, Math.round((train + validation) * length));
  const from = (border: number, end: number): Span => [Math.min(border + gap, end), end];
  return { train: [0, first], validation: from(first, second), test: from(second, length) };
}
