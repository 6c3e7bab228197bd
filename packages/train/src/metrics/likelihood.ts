import { checkOptions, checkValue, is, type OptionRules, ShapeError } from '@timestep/core';
import { checkBatch, checkScore, defaultIgnoreIndex, ignoreIndexRule, labelledRows } from './batch.ts';
import type { PredictionMetric, Values } from './metric.ts';

/** Options of {@link Perplexity} and {@link BitsPerCharacter}. */
export interface LikelihoodOptions {
  /** Targets with this value do not count; −100 by default. */
  readonly ignoreIndex?: number | undefined;
}

const rules: OptionRules<LikelihoodOptions> = { ignoreIndex: ignoreIndexRule };
const lossRule = is.number({ infinite: true });
const countRule = is.number({ min: 0 });

/** Sums negative log-likelihoods, −ln p of each target. */
abstract class Likelihood implements PredictionMetric {
  readonly #name: string;
  readonly #ignoreIndex: number;
  #nats = 0;
  #characters = 0;

  constructor(name: string, options: LikelihoodOptions) {
    checkOptions(name, options, rules);
    this.#name = name;
    this.#ignoreIndex = options.ignoreIndex ?? defaultIgnoreIndex;
  }

  abstract compute(): number;

  /** The mean of −ln p over everything that was counted. */
  protected get mean(): number {
    return this.#nats / this.#characters;
  }

  /**
   * Adds a batch.
   *
   * @param logits one score for each class, `[…, V]`, or log-probabilities
   * @param targets classes `[…]`
   * @param mask 1 where a target counts and 0 where it does not; everything counts by default
   * @throws ArgumentError for a value that is not a class or a score; ShapeError for sizes that do not fit
   */
  update(logits: Values, targets: Values, mask: Values | null = null): void {
    const batch = checkBatch(this.#name, logits, targets, mask);
    if (targets.length > 0 && batch.width < 2)
      throw new ShapeError(`[${this.#name}] expected one score for each class and target, got one for each target`);
    const rows = labelledRows(this.#name, batch, targets, { ignoreIndex: this.#ignoreIndex, classes: null });
    this.#nats += rows.reduce((sum, { target, at }) => sum + this.#surprise(logits, at, batch.width, target), 0);
    this.#characters += rows.length;
  }

  /**
   * Adds a batch whose loss is known, such as the mean cross-entropy that a device computed.
   *
   * @param loss the mean of −ln p over the batch, in nats
   * @param count the number of targets that the loss is the mean over
   * @param characters the number of characters that they spell, where a target is only a part of one; `count` by default
   * @throws ArgumentError for something other than numbers, and for negative counts
   */
  updateLoss(loss: number, count: number, characters = count): void {
    checkValue(this.#name, 'count', count, countRule);
    // A mean over nothing is NaN.
    if (count > 0 || !Number.isNaN(loss)) checkValue(this.#name, 'loss', loss, lossRule);
    checkValue(this.#name, 'characters', characters, countRule);
    if (count > 0) this.#nats += loss * count;
    this.#characters += characters;
  }

  reset(): void {
    this.#nats = 0;
    this.#characters = 0;
  }

  /** −ln softmax(logits)[target] */
  #surprise(logits: Values, at: number, width: number, target: number): number {
    let highest = -Infinity;
    for (let c = 0; c < width; c++) {
      checkScore(this.#name, logits[at + c], at + c);
      highest = Math.max(highest, logits[at + c]!);
    }
    let total = 0;
    for (let c = 0; c < width; c++) total += Math.exp(logits[at + c]! - highest);
    return Math.log(total) + highest - logits[at + target]!;
  }
}

/**
 * Perplexity, exp of the mean of −ln p over all targets (Jelinek et al. 1977). A model that guesses among V symbols has
 * perplexity V.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const perplexity = new Perplexity();
 * perplexity.update([0, 0, 0, 0], [1, 0]);   // logits [2 targets, 2 symbols]
 * perplexity.updateLoss(Math.log(2), 10);    // the mean loss of 10 more
 * perplexity.compute(); // 2
 * ```
 */
export class Perplexity extends Likelihood {
  constructor(options: LikelihoodOptions = {}) {
    super('Perplexity', options);
  }

  /** Returns exp of the mean loss; NaN if nothing was counted. */
  compute(): number {
    return Math.exp(this.mean);
  }
}

/**
 * Bits per character, the mean of −log₂ p over all characters.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const bits = new BitsPerCharacter();
 * bits.updateLoss(Math.log(2), 30, 10);      // three symbols spell a character
 * bits.compute(); // 3
 * ```
 */
export class BitsPerCharacter extends Likelihood {
  constructor(options: LikelihoodOptions = {}) {
    super('BitsPerCharacter', options);
  }

  /** Returns bits; NaN if nothing was counted. */
  compute(): number {
    return this.mean / Math.LN2;
  }
}
