import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isIterable, isTokens } from '../checks.ts';
import { DataError } from '../errors.ts';

/** The options of `Vocabulary.from` and `Vocabulary.fromCounts`. */
export interface VocabularyOptions {
  /** The first tokens, in this order, whatever their counts, such as `['<pad>', '<unk>', '<bos>', '<eos>']` */
  readonly specials?: readonly string[] | undefined;
  /** The special that replaces tokens which are not in the vocabulary. Without it, such a token is an error */
  readonly unknown?: string | undefined;
  /** Tokens that occur less often are left out. 1 by default */
  readonly minimumCount?: number | undefined;
  /** The maximum number of tokens, including specials; the most frequent are kept. No limit by default */
  readonly maximumSize?: number | undefined;
}

const optionRules: OptionRules<VocabularyOptions> = {
  specials: is.optional(is.arrayOf(is.string, 'an array of strings')),
  unknown: is.optional(is.string),
  minimumCount: is.optional(is.size()),
  maximumSize: is.optional(is.size()),
};

/** A saved vocabulary: plain JSON. */
export interface VocabularyState {
  /** The tokens in the order of their indices */
  readonly tokens: readonly string[];
  readonly unknown: string | null;
}

/**
 * Maps tokens to indices 0 … size − 1 and back.
 *
 * ```ts
 * const vocabulary = Vocabulary.from(sentences, { specials: ['<pad>', '<unk>'], unknown: '<unk>', minimumCount: 2 });
 * vocabulary.encode(['the', 'cat']);    // Int32Array [2, 7]
 * vocabulary.decode([2, 7]);            // ['the', 'cat']
 * ```
 */
export class Vocabulary {
  /** The tokens in the order of their indices */
  readonly tokens: readonly string[];
  /** The token that replaces unknown tokens, or null */
  readonly unknown: string | null;
  readonly #indices: ReadonlyMap<string, number>;
  readonly #unknownIndex: number | undefined;

  /**
   * @param tokens in the order of their indices
   * @throws ArgumentError for a token that occurs twice, or an `unknown` that is not one of the tokens
   */
  constructor(tokens: readonly string[], options: Pick<VocabularyOptions, 'unknown'> = {}) {
    checkValue('Vocabulary', 'tokens', tokens, is.arrayOf(is.string, 'an array of strings'));
    checkOptions('Vocabulary', options, { unknown: is.optional(is.string) });
    const { unknown } = options;
    this.tokens = [...tokens];
    this.#indices = new Map(this.tokens.map((token, index) => [token, index]));
    if (this.#indices.size !== this.tokens.length) {
      const double = this.tokens.find((token, index) => this.#indices.get(token) !== index);
      throw new ArgumentError(`[Vocabulary] the token ${JSON.stringify(double)} comes twice; give each one once`);
    }
    this.#unknownIndex = unknown === undefined ? undefined : this.#indices.get(unknown);
    if (unknown !== undefined && this.#unknownIndex === undefined)
      throw new ArgumentError(
        `[Vocabulary] unknown is ${JSON.stringify(unknown)}, which is none of the tokens; add it to specials`,
      );
    this.unknown = unknown ?? null;
  }

  /**
   * Builds a vocabulary from texts: the specials, then the tokens by decreasing count. Tokens with equal counts are in
   * code point order, so the result does not depend on the order of the texts.
   *
   * @param sequences iterables of tokens
   * @throws ArgumentError for wrong texts or options
   * @example
   * Vocabulary.from(['the cat', 'the dog'].map(words)).tokens;    // ['the', 'cat', 'dog']
   */
  static from(sequences: Iterable<Iterable<string>>, options: VocabularyOptions = {}): Vocabulary {
    const counts = new Map<string, number>();
    checkValue('Vocabulary.from', 'sequences', sequences, isIterable);
    for (const sequence of sequences) {
      checkValue('Vocabulary.from', 'each sequence', sequence, isTokens);
      for (const token of sequence) counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    return Vocabulary.fromCounts(counts, options);
  }

  /**
   * Builds a vocabulary from counts, in the same order as `from`.
   *
   * @param counts the count of each token
   * @throws ArgumentError for wrong counts or options
   */
  static fromCounts(counts: ReadonlyMap<string, number>, options: VocabularyOptions = {}): Vocabulary {
    checkValue('Vocabulary.fromCounts', 'counts', counts, is.instanceOf(Map));
    checkOptions('Vocabulary', options, optionRules);
    const { specials = [], unknown, minimumCount = 1, maximumSize = Infinity } = options;
    if (specials.length > maximumSize)
      throw new ArgumentError(
        `[Vocabulary] ${specials.length} specials do not fit into a maximumSize of ${maximumSize}`,
      );
    const kept = [...counts]
      .filter(([token, count]) => count >= minimumCount && !specials.includes(token))
      .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
      .slice(0, maximumSize - specials.length)
      .map(([token]) => token);
    return new Vocabulary([...specials, ...kept], { unknown });
  }

  get size(): number {
    return this.tokens.length;
  }

  has(token: string): boolean {
    return this.#indices.has(token);
  }

  /**
   * Returns the index of a token, or that of `unknown` if the token is not in the vocabulary.
   *
   * @throws DataError `UNKNOWN_TOKEN` if the vocabulary has no `unknown` either
   */
  indexOf(token: string): number {
    const index = this.#indices.get(token) ?? this.#unknownIndex;
    // Checked only where the token is not found: a text is looked up token by token.
    if (typeof token !== 'string') checkValue('Vocabulary.indexOf', 'the token', token, is.string);
    if (index !== undefined) return index;
    throw new DataError(
      'UNKNOWN_TOKEN',
      token,
      `[Vocabulary] ${JSON.stringify(token)} is not one of the ${this.size} tokens; make the vocabulary with an unknown token, or from all texts`,
    );
  }

  /**
   * Returns the token with an index.
   *
   * @throws ArgumentError for an index outside 0 … size − 1
   */
  tokenAt(index: number): string {
    const token = this.tokens[index];
    if (token === undefined)
      throw new ArgumentError(`[Vocabulary] expected an index of 0…${this.size - 1}, got ${String(index)}`);
    return token;
  }

  /**
   * Converts tokens to indices.
   *
   * @throws DataError `UNKNOWN_TOKEN`, ArgumentError for anything but tokens
   */
  encode(tokens: Iterable<string>): Int32Array {
    checkValue('Vocabulary.encode', 'tokens', tokens, isTokens);
    return Int32Array.from(tokens, (token) => this.indexOf(token));
  }

  /**
   * Converts indices to tokens.
   *
   * @throws ArgumentError for an index outside 0 … size − 1
   */
  decode(indices: Iterable<number>): string[] {
    checkValue('Vocabulary.decode', 'indices', indices, isIterable);
    return Array.from(indices, (index) => this.tokenAt(index));
  }

  /** Returns plain JSON, which `Vocabulary.load` reads. */
  save(): VocabularyState {
    return { tokens: this.tokens, unknown: this.unknown };
  }

  /**
   * Restores a vocabulary.
   *
   * @param state the JSON of `save`
   * @throws ArgumentError for anything else
   */
  static load(state: VocabularyState): Vocabulary {
    checkOptions<VocabularyState>('Vocabulary.load', state, {
      tokens: is.arrayOf(is.string, 'an array of strings'),
      unknown: is.nullable(is.string),
    });
    return new Vocabulary(state.tokens, { unknown: state.unknown ?? undefined });
  }
}
