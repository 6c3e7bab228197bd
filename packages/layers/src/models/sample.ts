import { ArgumentError, type Generator } from '@timestep/core';

export interface SampleOptions {
  /** Divides the logits: below 1 bolder, above 1 more even; 0 takes the most likely. 1 by default. */
  readonly temperature?: number | undefined;
  /** Only the k most likely are drawn from; all by default. */
  readonly topK?: number | undefined;
  /** Only the fewest whose probabilities add up to p are drawn from (Holtzman et al. 2020); all by default. */
  readonly topP?: number | undefined;
}

/**
 * Draws a symbol from logits: first the temperature, then the k most likely, then of those the nucleus of probability
 * p. Equally likely symbols stand in the order of their numbers.
 *
 * @throws ArgumentError where a logit is NaN, and for options out of range
 */
export function sampleSymbol(logits: ArrayLike<number>, generator: Generator, options: SampleOptions = {}): number {
  const { temperature = 1, topK = logits.length, topP = 1 } = checkSampleOptions(options);
  for (let symbol = 0; symbol < logits.length; symbol++) {
    if (Number.isNaN(logits[symbol]))
      throw new ArgumentError(
        `[generate] the logit of symbol ${symbol} is NaN; the model's parameters, or the state it was given, are not finite`,
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

/** @throws ArgumentError for what is out of range */
export function checkSampleOptions(options: SampleOptions): SampleOptions {
  const { temperature = 1, topK = 1, topP = 1 } = options;
  if (!(temperature >= 0 && temperature < Infinity))
    throw new ArgumentError(`[generate] expected a temperature of at least 0, got ${temperature}`);
  if (!Number.isInteger(topK) || topK < 1)
    throw new ArgumentError(
      `[generate] expected topK to be a whole number of at least 1, got ${topK}; leave it out for all symbols`,
    );
  if (!(topP > 0 && topP <= 1))
    throw new ArgumentError(
      `[generate] expected topP above 0 and at most 1, got ${topP}; leave it out for all symbols`,
    );
  return options;
}
