import { ArgumentError, checkOptions, checkValue, is, type OptionRules, ShapeError } from '@timestep/core';
import { split13a, splitTokens } from './bleu-tokens.ts';
import type { Metric } from './metric.ts';

/** Options of {@link BLEU}. */
export interface BleuOptions {
  /**
   * How a text becomes tokens: `13a`, the rules of mteval-v13a, by default; `none` splits at white space, for text that is
   * already tokenized. Arrays of tokens are taken as they are.
   */
  readonly tokenize?: '13a' | 'none' | undefined;
  /**
   * What replaces a precision of 0: `exp` halves it for each order (by default), `floor` takes 0.1 matches, `add-k` adds 1
   * to all orders but the first, `none` leaves it, and the score is 0 then.
   */
  readonly smooth?: 'exp' | 'floor' | 'add-k' | 'none' | undefined;
  /** Compare without upper case; false by default. */
  readonly lowercase?: boolean | undefined;
  /** The longest n-grams that are compared; 4 by default. */
  readonly maxOrder?: number | undefined;
  /** Take the orders up to the longest n-gram there is, for single short sentences; false by default. */
  readonly effectiveOrder?: boolean | undefined;
}

const rules: OptionRules<BleuOptions> = {
  tokenize: is.optional(is.oneOf('13a', 'none')),
  smooth: is.optional(is.oneOf('exp', 'floor', 'add-k', 'none')),
  lowercase: is.optional(is.boolean),
  maxOrder: is.optional(is.integer(1, 16)),
  effectiveOrder: is.optional(is.boolean),
};

/** The parts of a BLEU score. */
export interface BleuReport {
  /** BLEU in 0…100. */
  readonly score: number;
  /** The precision of each order in percent. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  /** Tokens of the hypotheses. */
  readonly hypothesisLength: number;
  /** Tokens of the references, of each sentence the one whose length is closest. */
  readonly referenceLength: number;
}

/** A text, or its tokens. */
type Sentence = string | readonly string[];

/** One reference of a text, or several. If the hypothesis is an array of tokens, so is each reference. */
export type BleuReferences = Sentence | readonly Sentence[];

const sentencesRule = is.arrayOf(
  is.anyOf(is.string, is.arrayOf(is.string, 'an array of tokens')),
  'an array of sentences',
);
const referencesRule = is.arrayOf(is.anything, 'an array of references');
const tokensRule = is.arrayOf(is.string, 'an array of tokens');

/**
 * BLEU of a corpus (Papineni et al. 2002): the geometric mean of the precisions pₙ of n-grams, n = 1…4, each n-gram counted
 * at most as often as in a reference, times exp(1 − r/c) where the c tokens of the hypotheses are fewer than the r tokens
 * of the references. The score is sacrebleu's, in 0…100.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const bleu = new BLEU({ tokenize: 'none' });
 * bleu.update(['the cat sat on the mat'], [['the cat sat on a mat', 'a cat sat on the mat']]);
 * bleu.compute(); // 84.09
 * ```
 */
export class BLEU implements Metric<[hypotheses: readonly Sentence[], references: readonly BleuReferences[]]> {
  readonly #options: BleuOptions;
  readonly #orders: number;
  readonly #right: number[];
  readonly #total: number[];
  #hypothesisLength = 0;
  #referenceLength = 0;

  constructor(options: BleuOptions = {}) {
    checkOptions('BLEU', options, rules);
    this.#options = options;
    this.#orders = options.maxOrder ?? 4;
    this.#right = Array.from({ length: this.#orders }, () => 0);
    this.#total = Array.from({ length: this.#orders }, () => 0);
  }

  /**
   * Adds sentences.
   *
   * @param hypotheses texts, or arrays of tokens
   * @param references for each hypothesis a reference, or an array of them
   * @throws ArgumentError for something other than texts and tokens; ShapeError for another number of references
   */
  update(hypotheses: readonly Sentence[], references: readonly BleuReferences[]): void {
    checkValue('BLEU', 'hypotheses', hypotheses, sentencesRule);
    checkValue('BLEU', 'references', references, referencesRule);
    if (hypotheses.length !== references.length)
      throw new ShapeError(
        `[BLEU] expected a reference, or an array of them, for each of ${hypotheses.length} hypotheses, got ${references.length}`,
      );
    const pairs = hypotheses.map(
      (hypothesis, index) =>
        [this.#tokens(hypothesis), this.#references(hypothesis, references[index]!, index)] as const,
    );
    for (const [tokens, each] of pairs) this.#add(tokens, each);
  }

  /** Returns BLEU in 0…100; 0 if no n-gram is right. */
  compute(): number {
    return this.report().score;
  }

  /** Returns the score with its parts. */
  report(): BleuReport {
    const { smooth = 'exp', effectiveOrder = false } = this.#options;
    const [c, r] = [this.#hypothesisLength, this.#referenceLength];
    const brevityPenalty = c >= r ? 1 : c === 0 ? 0 : Math.exp(1 - r / c);
    const precisions = this.#right.map(() => 0);
    const lengths = { hypothesisLength: c, referenceLength: r };
    if (this.#right.every((count) => count === 0)) return { score: 0, precisions, brevityPenalty, ...lengths };
    let orders = this.#orders;
    let halvings = 1;
    for (let n = 0; n < this.#orders; n++) {
      const added = smooth === 'add-k' && n > 0 ? 1 : 0;
      const [right, total] = [this.#right[n]! + added, this.#total[n]! + added];
      if (total === 0) break;
      if (effectiveOrder) orders = n + 1;
      if (right > 0) precisions[n] = (100 * right) / total;
      else if (smooth === 'exp') precisions[n] = 100 / ((halvings *= 2) * total);
      else if (smooth === 'floor') precisions[n] = (100 * 0.1) / total;
    }
    const logarithms = precisions.slice(0, orders).map((precision) => Math.log(precision) / orders);
    const score = brevityPenalty * Math.exp(logarithms.reduce((sum, part) => sum + part, 0));
    return { score, precisions, brevityPenalty, ...lengths };
  }

  reset(): void {
    this.#right.fill(0);
    this.#total.fill(0);
    this.#hypothesisLength = 0;
    this.#referenceLength = 0;
  }

  #add(tokens: readonly string[], references: readonly (readonly string[])[]): void {
    this.#hypothesisLength += tokens.length;
    this.#referenceLength += closestLength(tokens.length, references);
    for (let n = 1; n <= this.#orders; n++) {
      const allowed = new Map<string, number>();
      for (const reference of references) {
        for (const [gram, count] of countGrams(reference, n))
          allowed.set(gram, Math.max(count, allowed.get(gram) ?? 0));
      }
      for (const [gram, count] of countGrams(tokens, n)) this.#right[n - 1]! += Math.min(count, allowed.get(gram) ?? 0);
      this.#total[n - 1]! += Math.max(0, tokens.length - n + 1);
    }
  }

  #references(hypothesis: Sentence, given: BleuReferences, index: number): string[][] {
    // An array of strings is one tokenized reference beside tokens, and several references beside a text.
    const list: unknown =
      typeof given === 'string' || (typeof hypothesis !== 'string' && tokensRule(given) === null) ? [given] : given;
    const sentence = typeof hypothesis === 'string' ? is.string : tokensRule;
    checkValue('BLEU', `the references of hypothesis ${index}`, list, is.arrayOf(sentence, 'an array of references'));
    // The rule has checked it.
    const sentences = list as readonly Sentence[];
    if (sentences.length === 0)
      throw new ArgumentError(`[BLEU] expected one reference or more for hypothesis ${index}, got none`);
    return sentences.map((reference) => this.#tokens(reference));
  }

  #tokens(sentence: Sentence): string[] {
    const { tokenize = '13a', lowercase = false } = this.#options;
    const lower = (text: string): string => (lowercase ? text.toLowerCase() : text);
    if (typeof sentence !== 'string') return sentence.map(lower);
    return tokenize === 'none' ? splitTokens(lower(sentence)) : split13a(lower(sentence).trimEnd());
  }
}

/** The length of the reference that is closest to a hypothesis; the shorter of two that are equally close. */
function closestLength(length: number, references: readonly (readonly string[])[]): number {
  let closest = references[0]!.length;
  for (const { length: other } of references) {
    const [gap, least] = [Math.abs(other - length), Math.abs(closest - length)];
    if (gap < least || (gap === least && other < closest)) closest = other;
  }
  return closest;
}

/** Counts the n-grams of a sentence. A token holds no white space, or it is an array's: the separator is neither. */
function countGrams(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + n <= tokens.length; at++) {
    const gram = tokens.slice(at, at + n).join('\u0000');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}
