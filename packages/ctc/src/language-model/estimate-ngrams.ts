import { ArgumentError, checkOptions, checkValue, describe, is, type OptionRules } from '@timestep/core';
import { BEGIN, countGrams, type GramCounts } from './gram-counts.ts';

/** Options of {@link estimateNgrams}. */
export interface EstimateNgramsOptions {
  /** The length of the longest n-grams. */
  readonly order: number;
  /**
   * The discounts of n-grams seen once, twice and more often, for an order whose own cannot be computed, as in very small
   * texts; `true` for KenLM's 0.5, 1 and 1.5. By default such a text is an error.
   */
  readonly discountFallback?: boolean | readonly [once: number, twice: number, more: number] | undefined;
}

const rules: OptionRules<EstimateNgramsOptions> = {
  order: is.integer(1, 255),
  discountFallback: is.optional(is.anyOf(is.boolean, is.arrayOf(is.number({ min: 0 }), 'an array of three discounts'))),
};

const reserved = ['<unk>', '<s>', '</s>'];

/** The discounts of n-grams that were seen 0, 1, 2 and at least 3 times. */
type Discounts = readonly [0, number, number, number];

/**
 * Estimates an n-gram language model with interpolated modified Kneser–Ney smoothing, as KenLM's `lmplz` does:
 *
 * p(w | h) = (c(hw) − D(c(hw)))/c(h·) + γ(h)·p(w | h without its first word)
 *
 * Below the highest order, c counts the different words before an n-gram, except for those that begin with `<s>`. The
 * discounts D follow from the numbers of n-grams with counts 1 to 4, and γ(h) makes the sum 1. The first order is
 * interpolated with the uniform distribution over all words and `<unk>`. Nothing is pruned.
 *
 * @param text a text with one sentence in a line, or sentences: texts, whose words white space parts, or arrays of words
 * @param options the order, and what to do with a text that is too small
 * @returns the text of an ARPA file, with logarithms to base 10; `readArpa` reads it. 500,000 words give a 5-gram model
 *   of about 50 MB in a few seconds
 * @throws ArgumentError for a text without words, for words that hold white space or are `<s>`, `</s>` or `<unk>`, for a
 *   text whose discounts cannot be computed, and for wrong options
 * @see Chen and Goodman, An empirical study of smoothing techniques for language modeling (1999); Heafield et al.,
 *   Scalable modified Kneser-Ney language model estimation (2013)
 * @example
 * ```ts
 * const model = readArpa(estimateNgrams('the cat sat\nthe dog sat\n', { order: 2, discountFallback: true }));
 * model.score(['the', 'cat']);
 * ```
 */
export function estimateNgrams(
  text: string | Iterable<string | readonly string[]>,
  options: EstimateNgramsOptions,
): string {
  checkOptions('estimateNgrams', options, rules);
  const { order, discountFallback = false } = options;
  const fallback = discountFallback === true ? [0.5, 1, 1.5] : discountFallback;
  if (fallback && fallback.length !== 3)
    throw new ArgumentError(
      `[estimateNgrams] expected three discounts as discountFallback, of n-grams seen once, twice and more often, got ${fallback.length}`,
    );
  const words = [...reserved];
  const counts = countGrams(numbered(text, words), order);
  if (words.length === reserved.length)
    throw new ArgumentError(
      '[estimateNgrams] expected a text with words, got none; pass sentences, or a text with lines',
    );
  const sections: string[] = [];
  let lower: Float64Array | null = null;
  // The strings of the order below, to write an n-gram as its prefix and a word.
  let names: string[] = [];
  for (const [n, grams] of counts.entries()) {
    const adjusted = adjustedCounts(counts, n);
    const discounts = discountsOf(adjusted, n + 1, fallback);
    const { probabilities, backoffs } = interpolate(grams, adjusted, {
      discounts,
      lower,
      size: counts[n - 1]?.size ?? 1,
    });
    if (n > 0) sections.push(section(n, counts[n - 1]!.size, names, lower!, backoffs));
    names = Array.from({ length: grams.size }, (_, id) => {
      const word = words[grams.words[id]!]!;
      return n === 0 ? word : `${names[grams.prefixes[id]!]!} ${word}`;
    });
    lower = probabilities;
  }
  sections.push(section(order, counts.at(-1)!.size, names, lower!, null));
  const header = counts.map(({ size }, n) => `ngram ${n + 1}=${size}\n`).join('');
  return `\\data\\\n${header}\n${sections.join('\n')}\n\\end\\\n`;
}

/** The words of each sentence as numbers; new ones are added to `words`. */
function* numbered(text: string | Iterable<string | readonly string[]>, words: string[]): Generator<number[]> {
  const numbers = new Map(words.map((word, number) => [word, number]));
  const given: unknown = text;
  if (typeof given !== 'string' && !(typeof given === 'object' && given !== null && Symbol.iterator in given))
    throw new ArgumentError(`[estimateNgrams] expected a text or sentences, got ${describe(given)}`);
  const sentences = typeof text === 'string' ? text.replace(/\n$/u, '').split('\n') : text;
  let at = 0;
  for (const sentence of sentences) {
    checkValue('estimateNgrams', `sentence ${at}`, sentence, sentenceRule);
    const parts =
      typeof sentence === 'string' ? sentence.split(/[\t\n\r \0]+/u).filter((word) => word !== '') : sentence;
    yield parts.map((word) => {
      const known = numbers.get(word);
      if (known !== undefined && known >= reserved.length) return known;
      if (known !== undefined || /[\t\n\r \0]/u.test(word) || word === '')
        throw new ArgumentError(
          `[estimateNgrams] sentence ${at} has the word ${JSON.stringify(word)}, expected words without white space that are none of ${reserved.join(', ')}; give it another name`,
        );
      numbers.set(word, words.length);
      return words.push(word) - 1;
    });
    at++;
  }
}

const sentenceRule = is.anyOf(is.string, is.arrayOf(is.string, 'an array of words'));

/** Occurrences in the highest order and of what begins with `<s>`; the number of different words before, otherwise. */
function adjustedCounts(counts: readonly GramCounts[], n: number): Int32Array {
  const { size, occurrences, continuations, prefixes } = counts[n]!;
  if (n === counts.length - 1) return occurrences.subarray(0, size);
  const adjusted = continuations.slice(0, size);
  if (n === 0) return adjusted;
  // Follow the prefixes down to the first word.
  for (let id = 0; id < size; id++) {
    let first = prefixes[id]!;
    for (let below = n - 1; below > 0; below--) first = counts[below]!.prefixes[first]!;
    if (first === BEGIN) adjusted[id] = occurrences[id]!;
  }
  return adjusted;
}

/** Equation 26 of Chen and Goodman: D(k) = k − (k + 1)·Y·n(k+1)/n(k), Y = n(1)/(n(1) + 2·n(2)). */
function discountsOf(adjusted: Int32Array, order: number, fallback: readonly number[] | false): Discounts {
  const numbers = [0, 0, 0, 0, 0];
  for (const count of adjusted) if (count < 5) numbers[count]!++;
  const [, once, twice] = numbers as [number, number, number];
  const y = once / (once + 2 * twice);
  const discounts = [1, 2, 3].map((k) => k - ((k + 1) * y * numbers[k + 1]!) / numbers[k]!);
  if (!discounts.every((discount, k) => discount >= 0 && discount <= k + 1)) {
    if (!fallback)
      throw new ArgumentError(
        `[estimateNgrams] cannot compute discounts for order ${order}: ${numbers.slice(1).join(', ')} n-grams have counts 1, 2, 3, 4; pass more text, without repeated lines, or discountFallback: true`,
      );
    return [0, fallback[0]!, fallback[1]!, fallback[2]!];
  }
  return [0, discounts[0]!, discounts[1]!, discounts[2]!];
}

/** The probabilities of an order, and the back-off weights of the order below. */
function interpolate(
  grams: GramCounts,
  adjusted: Int32Array,
  {
    discounts,
    lower,
    size,
  }: { readonly discounts: Discounts; readonly lower: Float64Array | null; readonly size: number },
): { readonly probabilities: Float64Array; readonly backoffs: Float64Array } {
  const totals = new Float64Array(size);
  const backoffs = new Float64Array(size);
  for (let id = 0; id < grams.size; id++) {
    const prefix = grams.prefixes[id]!;
    const count = adjusted[id]!;
    totals[prefix]! += count;
    backoffs[prefix]! += discounts[Math.min(count, 3)]!;
  }
  for (let prefix = 0; prefix < size; prefix++)
    backoffs[prefix] = totals[prefix] === 0 ? 1 : backoffs[prefix]! / totals[prefix]!;
  // All words and <unk>; <s> is never predicted.
  const uniform = 1 / (grams.size - 1);
  const probabilities = Float64Array.from({ length: grams.size }, (_, id) => {
    const [prefix, count] = [grams.prefixes[id]!, adjusted[id]!];
    if (lower === null && id === BEGIN) return 1;
    const below = lower === null ? uniform : lower[grams.suffixes[id]!]!;
    return (count - discounts[Math.min(count, 3)]!) / totals[prefix]! + backoffs[prefix]! * below;
  });
  return { probabilities, backoffs };
}

/** A section of an ARPA file. */
function section(
  order: number,
  size: number,
  names: readonly string[],
  probabilities: Float64Array,
  backoffs: Float64Array | null,
): string {
  const lines = [`\\${order}-grams:\n`];
  for (let id = 0; id < size; id++) {
    const backoff = backoffs === null ? '' : `\t${logarithm(backoffs[id]!)}`;
    lines.push(`${logarithm(probabilities[id]!)}\t${names[id]!}${backoff}\n`);
  }
  return lines.join('');
}

/** A logarithm to base 10, with more digits than single precision has. */
function logarithm(value: number): string {
  return String(Number(Math.log10(value).toPrecision(9)));
}
