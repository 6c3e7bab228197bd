import {
  ArgumentError,
  checkOptions,
  checkValue,
  type Generator,
  is,
  type OptionRules,
  type Rule,
} from '@timestep/core';

export interface SampleOptions {
  /** Divides the logits: below 1 bolder, above 1 more even; 0 takes the most likely. 1 by default. */
  readonly temperature?: number | undefined;
  /** Only the k most likely are drawn from; all by default. */
  readonly topK?: number | undefined;
  /** Only the fewest whose probabilities add up to p are drawn from (Holtzman et al. 2020); all by default. */
  readonly topP?: number | undefined;
}

export const sampleRules: OptionRules<SampleOptions> = {
  temperature: is.optional(is.number({ min: 0 })),
  topK: is.optional(is.size()),
  topP: is.optional(is.number({ above: 0, max: 1 })),
};

const isNumber: Rule = (value) => (typeof value === 'number' ? null : 'a number');

/**
 * Draws a symbol from logits: first the temperature, then the k most likely, then of those the nucleus of probability
 * p. Equally likely symbols stand in the order of their numbers.
 *
 * @throws ArgumentError where a logit is NaN, and for options out of range
 */
export function sampleSymbol(logits: ArrayLike<number>, generator: Generator, options: SampleOptions = {}): number {
  checkValue('sampleSymbol', 'logits', logits, is.arrayOf(isNumber, 'an array of logits'));
  if (logits.length === 0) throw new ArgumentError('[sampleSymbol] expected one logit or more, got none');
  checkValue('sampleSymbol', 'generator', generator, is.like('a Generator, such as new Generator(seed)', 'uniform'));
  checkOptions('sampleSymbol', options, sampleRules);
  return drawSymbol(logits, generator, options);
}

/** As `sampleSymbol`, for arguments that were checked before. */
export function drawSymbol(logits: ArrayLike<number>, generator: Generator, options: SampleOptions): number {
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  for (let symbol = 0; symbol < logits.length; symbol++) {
    if (Number.isNaN(logits[symbol]))
      throw new ArgumentError(
        `[sampleSymbol] the logit of symbol ${symbol} is NaN; the model's parameters, or the state it was given, are not finite`,
      );
  }
  const order = Array.from(logits, (_, symbol) => symbol).sort((a, b) => logits[b]! - logits[a]! || a - b);
  if (temperature === 0 || topK === 1) return order[0]!;
  const kept = order.slice(0, topK);
  const highest = logits[kept[0]!]!;
  const weights = kept.map((symbol) => Math.exp((logits[symbol]! - highest) / temperature));
  const total = weights.reduce((a, b) => a + b);
  let nucleus = 0;
  let mass = 0;
  // Rounding may leave the sum of all a little below p.
  while (nucleus < weights.length && mass < topP * total) mass += weights[nucleus++]!;
  let left = generator.uniform(0, mass);
  for (let k = 0; k < nucleus; k++) {
    left -= weights[k]!;
    if (left < 0) return kept[k]!;
  }
  return kept[nucleus - 1]!;
}
