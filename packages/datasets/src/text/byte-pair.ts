import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isIterable } from '../checks.ts';
import { learnMerges } from './learn-merges.ts';
import { words } from './tokenize.ts';

export interface BytePairOptions {
  /** Units at most: the characters of the texts and what they are merged to */
  readonly size: number;
  /** A pair seen less often is not merged. 2 by default */
  readonly minimumCount?: number | undefined;
}

const optionRules: OptionRules<BytePairOptions> = {
  size: is.size(),
  minimumCount: is.optional(is.size()),
};

/** What an encoder is saved as: plain JSON. */
export interface BytePairState {
  /** Pairs in the order in which they were learnt, which is the order in which they are merged */
  readonly merges: readonly (readonly [string, string])[];
}

/** Marks the end of a word, so that `est` at the end of a word and inside one are two units. */
const wordEnd = '</w>';
/** Words whose units are kept: a text has few different ones. */
const cacheSize = 100_000;

/**
 * Byte-pair encoding (Sennrich, Haddow and Birch 2016): words in units that were learnt from text, frequent words whole
 * and rare ones in pieces. The last unit of a word ends in `</w>`. Units start from characters, so that a character
 * that was not in the training text stays a unit of its own.
 *
 * ```ts
 * const encoder = BytePairEncoder.train(sentences, { size: 4000 });
 * const units = encoder.encode('lower and lowest');    // ['lower</w>', 'and</w>', 'low', 'est</w>']
 * encoder.decode(units);                               // 'lower and lowest'
 * const vocabulary = Vocabulary.from(sentences.map((text) => encoder.encode(text)), { … });
 * ```
 */
export class BytePairEncoder {
  readonly merges: readonly (readonly [string, string])[];
  readonly #ranks = new Map<string, number>();
  readonly #cache = new Map<string, readonly string[]>();

  /** @param merges in the order in which they are applied; those of subword-nmt can be taken over */
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
   * Learns the merges: over and over the pair of neighbouring units that is most frequent, equal ones in code point
   * order, becomes a unit.
   *
   * @param texts words parted by white space
   * @throws ArgumentError
   */
  static train(texts: Iterable<string>, options: BytePairOptions): BytePairEncoder {
    checkOptions('BytePairEncoder.train', options, optionRules);
    checkValue('BytePairEncoder.train', 'texts', texts, isIterable);
    const counts = new Map<string, number>();
    for (const text of texts) for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const split = [...counts].map(([word, count]) => ({ units: unitsOf(word), count }));
    return new BytePairEncoder(learnMerges(split, options.size, options.minimumCount ?? 2));
  }

  /** @throws ArgumentError for anything but a string */
  encode(text: string): string[] {
    return words(text).flatMap((word) => this.#encodeWord(word));
  }

  /** Puts units together to a text again, a blank between words. */
  decode(units: Iterable<string>): string {
    checkValue('BytePairEncoder.decode', 'units', units, isIterable);
    let text = '';
    for (const unit of units) {
      checkValue('BytePairEncoder.decode', 'each unit', unit, is.string);
      text += unit.endsWith(wordEnd) ? `${unit.slice(0, -wordEnd.length)} ` : unit;
    }
    return text.trimEnd();
  }

  /** Plain JSON, for `BytePairEncoder.load`. */
  save(): BytePairState {
    return { merges: this.merges };
  }

  /** @throws ArgumentError for anything but what `save` gave */
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

/** The characters of a word, the last one marked. */
function unitsOf(word: string): string[] {
  const units = Array.from(word);
  units[units.length - 1] += wordEnd;
  return units;
}

/** The units with each occurrence of the pair joined, from left to right. */
function merged(units: readonly string[], [left, right]: readonly [string, string]): string[] {
  const out: string[] = [];
  for (let i = 0; i < units.length; i++) {
    if (units[i] === left && units[i + 1] === right) out.push(left + units[++i]!);
    else out.push(units[i]!);
  }
  return out;
}
