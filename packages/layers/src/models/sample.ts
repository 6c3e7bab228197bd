import {
  ArgumentError,
  checkOptions,
  checkValue,
  type Generator,
  is,
  type OptionRules,
  type Rule,
} from '@timestep/core';

/** Options of {@link sampleSymbol}. */
export interface SampleOptions {
  /**
   * Divides the logits. Below 1 sharpens the distribution, above 1 flattens it, 0 takes the most likely. 1 by default.
   */
  readonly temperature?: number | undefined;
  /** Sample only from the k most likely symbols; all by default. */
  readonly topK?: number | undefined;
  /** Sample only from the smallest set whose probabilities sum to p (Holtzman et al. 2020); all by default. */
  readonly topP?: number | undefined;
}

export const sampleRules: OptionRules<SampleOptions> = {
  temperature: is.optional(is.number({ min: 0 })),
  topK: is.optional(is.size()),
  topP: is.optional(is.number({ above: 0, max: 1 })),
};

const isNumber: Rule = (value) => (typeof value === 'number' ? null : 'a number');

/**
 * Samples a symbol from logits. It applies the temperature, then keeps the k most likely symbols, then the nucleus of
 * probability p. Ties are ordered by symbol number.
 *
 * @throws ArgumentError where a logit is NaN, and for options out of range
 * @param logits one for each symbol, on the host
 * @param generator the source of random numbers
 * @example
 * ```ts
 * const symbol = sampleSymbol(logits, new Generator(1), { temperature: 0.8, topP: 0.9 });
 * ```
 */
export function sampleSymbol(logits: ArrayLike<number>, generator: Generator, options: SampleOptions = {}): number {
  checkValue('sampleSymbol', 'logits', logits, is.arrayOf(isNumber, 'an array of logits'));
  if (logits.length === 0) throw new ArgumentError('[sampleSymbol] expected one logit or more, got none');
  checkValue('sampleSymbol', 'generator', generator, is.like('a Generator, such as new Generator(seed)', 'uniform'));
  checkOptions('sampleSymbol', options, sampleRules);
  return drawSymbol(logits, generator, options);
}

/** `sampleSymbol` for arguments that are already checked. */
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
