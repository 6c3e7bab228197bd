import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isIterable } from '../checks.ts';
import { learnMerges } from './learn-merges.ts';
import { words } from './tokenize.ts';

/** The options of `BytePairEncoder.train`. */
export interface BytePairOptions {
  /** The maximum number of units: the characters of the texts and the merged units */
  readonly size: number;
  /** Pairs that occur less often are not merged. 2 by default */
  readonly minimumCount?: number | undefined;
}

const optionRules: OptionRules<BytePairOptions> = {
  size: is.size(),
  minimumCount: is.optional(is.size()),
};

/** A saved encoder: plain JSON. */
export interface BytePairState {
  /** The pairs in the order in which they were learned, which is also the order of merging */
  readonly merges: readonly (readonly [string, string])[];
}

/** Marks the end of a word, so that `est` at the end of a word and `est` inside a word are two units. */
const wordEnd = '</w>';
/** The number of words whose units are cached. A text has few different words. */
const cacheSize = 100_000;

/**
 * Byte-pair encoding (Sennrich, Haddow and Birch 2016): splits words into units learned from text. Frequent words stay
 * whole, rare ones are split. The last unit of a word ends in `</w>`. The smallest units are characters, so a character
 * that is not in the training text stays a single unit.
 *
 * ```ts
 * const encoder = BytePairEncoder.train(sentences, { size: 4000 });
 * const units = encoder.encode('lower and lowest');    // ['lower</w>', 'and</w>', 'low', 'est</w>']
 * encoder.decode(units);                               // 'lower and lowest'
 * const vocabulary = Vocabulary.from(sentences.map((text) => encoder.encode(text)));
 * ```
 */
export class BytePairEncoder {
  readonly merges: readonly (readonly [string, string])[];
  readonly #ranks = new Map<string, number>();
  readonly #cache = new Map<string, readonly string[]>();

  /** @param merges pairs in the order in which they are applied, such as those of subword-nmt */
  constructor(merges: readonly (readonly [string, string])[]) {
    checkValue(
      'BytePairEncoder',
      'merges',
      merges,
      is.arrayOf(is.arrayOf(is.string, 'a pair of strings'), 'an array of pairs'),
    );
    this.merges = merges.map(([left, right]) => [left, right] as const);
    this.merges.forEach(([left, right], rank) => this.#ranks.set(`${left} ${right}`, rank));
  }

  /**
   * Learns the merges: it repeatedly merges the most frequent pair of neighbouring units. Among equally frequent pairs,
   * the first in code point order is merged.
   *
   * @param texts words separated by white space
   * @throws ArgumentError for wrong texts or options
   */
  static train(texts: Iterable<string>, options: BytePairOptions): BytePairEncoder {
    checkOptions('BytePairEncoder.train', options, optionRules);
    checkValue('BytePairEncoder.train', 'texts', texts, isIterable);
    const counts = new Map<string, number>();
    for (const text of texts) for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const split = [...counts].map(([word, count]) => ({ units: unitsOf(word), count }));
    return new BytePairEncoder(learnMerges(split, options.size, options.minimumCount ?? 2));
  }

  /**
   * Splits a text into units.
   *
   * @throws ArgumentError for anything but a string
   */
  encode(text: string): string[] {
    return words(text).flatMap((word) => this.#encodeWord(word));
  }

  /** Joins units to a text, with a space between words. */
  decode(units: Iterable<string>): string {
    checkValue('BytePairEncoder.decode', 'units', units, isIterable);
    let text = '';
    for (const unit of units) {
      checkValue('BytePairEncoder.decode', 'each unit', unit, is.string);
      text += unit.endsWith(wordEnd) ? `${unit.slice(0, -wordEnd.length)} ` : unit;
    }
    return text.trimEnd();
  }

  /** Returns plain JSON, which `BytePairEncoder.load` reads. */
  save(): BytePairState {
    return { merges: this.merges };
  }

  /**
   * Restores an encoder from the JSON of `save`.
   *
   * @throws ArgumentError for anything else
   */
  static load(state: BytePairState): BytePairEncoder {
    checkValue('BytePairEncoder.load', 'state', state, is.object);
    checkOptions<BytePairState>('BytePairEncoder.load', state, { merges: is.anything });
    return new BytePairEncoder(state.merges);
  }

  #encodeWord(word: string): readonly string[] {
    const known = this.#cache.get(word);
    if (known) return known;
    let units = unitsOf(word);
    for (;;) {
      let best = Infinity;
      for (let i = 1; i < units.length; i++)
        best = Math.min(best, this.#ranks.get(`${units[i - 1]!} ${units[i]!}`) ?? Infinity);
      if (best === Infinity) break;
      units = merged(units, this.merges[best]!);
    }
    if (this.#cache.size >= cacheSize) this.#cache.clear();
    this.#cache.set(word, units);
    return units;
  }
}

/** The characters of a word; the last one has the end mark. */
function unitsOf(word: string): string[] {
  const units = Array.from(word);
  const last = units.pop() ?? '';
  units.push(`${last}${wordEnd}`);
  return units;
}

/** Joins each occurrence of the pair, from left to right. */
function merged(units: readonly string[], [left, right]: readonly [string, string]): string[] {
  const out: string[] = [];
  for (let i = 0; i < units.length; i++) {
    if (units[i] === left && units[i + 1] === right) out.push(left + units[++i]!);
    else out.push(units[i]!);
  }
  return out;
}
