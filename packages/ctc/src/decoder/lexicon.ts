import { ArgumentError, type Bytes, checkValue, is, toBytes } from '@timestep/core';
import type { Speller } from './speller.ts';

/** Words with their spellings, each a list of tokens. */
export type LexiconEntries = Iterable<readonly [word: string, ...spellings: (readonly string[])[]]>;

/**
 * Reads a lexicon as flashlight and wav2letter write it: a line a spelling, the word first and then its tokens,
 * separated by white space. A word may have several lines.
 *
 * @param source the file's text, or its bytes in UTF-8
 * @throws ArgumentError `MALFORMED_LEXICON` with the number of a line that has a word and no tokens
 * @example
 * readLexicon('hello h e l l o |\nworld w o r l d |');
 */
export function readLexicon(source: string | Bytes): [string, string[]][] {
  const text = typeof source === 'string' ? source : new TextDecoder().decode(toBytes('readLexicon', source));
  return text.split('\n').flatMap((line, index): [string, string[]][] => {
    const [word, ...tokens] = line.trim().split(/\s+/u);
    if (!word) return [];
    if (tokens.length === 0)
      throw new ArgumentError(
        `[readLexicon] line ${index + 1}: the word ${JSON.stringify(word)} has no tokens; expected "word token token …"`,
        'MALFORMED_LEXICON',
      );
    return [[word, tokens]];
  });
}

/**
 * A tree of spellings: nodes 0 (nothing spelled yet), 1, 2, …, and the words that end at each. A spelling is a list of
 * classes, or of smaller units of which each class has one or more.
 */
export class SpellingTree {
  readonly #units: readonly (readonly number[])[] | null;
  readonly words: string[] = [];
  readonly #children: Map<number, number>[] = [new Map()];
  readonly #wordsAt: number[][] = [[]];
  /** By node: the largest score of a word below, for a provisional score of an unfinished word. */
  #best: Float64Array = new Float64Array(1);

  /** @param units the units of each class; null where the spellings are lists of classes */
  constructor(units: readonly (readonly number[])[] | null = null) {
    this.#units = units;
  }

  /** @returns the word's number */
  add(word: string, spelling: readonly number[], index = this.words.length): number {
    if (index === this.words.length) this.words.push(word);
    let node = 0;
    for (const unit of spelling) {
      let child = this.#children[node]!.get(unit);
      if (child === undefined) {
        child = this.#children.length;
        this.#children[node]!.set(unit, child);
        this.#children.push(new Map());
        this.#wordsAt.push([]);
      }
      node = child;
    }
    if (!this.#wordsAt[node]!.includes(index)) this.#wordsAt[node]!.push(index);
    return index;
  }

  /** Sets the provisional scores: `score(word)` is the best that a word may get. */
  look(score: (word: number) => number): void {
    const best = new Float64Array(this.#children.length).fill(-Infinity);
    // A child's number is above its parent's.
    for (let node = best.length - 1; node >= 0; node--) {
      for (const word of this.#wordsAt[node]!) best[node] = Math.max(best[node]!, score(word));
      for (const child of this.#children[node]!.values()) best[node] = Math.max(best[node]!, best[child]!);
    }
    best[0] = 0;
    this.#best = best;
  }

  best(node: number): number {
    return this.#best[node]!;
  }

  /** The node after one more token, or −1. */
  child(node: number, token: number): number {
    if (this.#units === null) return this.#children[node]!.get(token) ?? -1;
    let at: number | undefined = node;
    for (const unit of this.#units[token]!) {
      at = this.#children[at]!.get(unit);
      if (at === undefined) return -1;
    }
    return at;
  }

  hasChildren(node: number): boolean {
    return this.#children[node]!.size > 0;
  }

  wordsAt(node: number): readonly number[] {
    return this.#wordsAt[node]!;
  }
}

/**
 * The tree of a lexicon. Separators at either end of a spelling are left out (flashlight's files end each with one),
 * since they stand between all words anyway.
 *
 * @param separator the class between words, −1 for none
 * @throws ArgumentError `UNKNOWN_TOKEN` for a spelling with a token that is no class, `MALFORMED_LEXICON` for one that
 *   is empty or holds the separator between other tokens
 */
export function lexiconTree(
  entries: LexiconEntries | readonly string[],
  speller: Speller,
  separator: number,
): SpellingTree {
  const tree = new SpellingTree();
  const numbers = new Map<string, number>();
  for (const entry of entries) {
    const [word, ...spellings] = typeof entry === 'string' ? [entry] : checkedEntry(entry);
    const lists =
      spellings.length === 0
        ? [speller.spellOrThrow('lexicon', word)]
        : spellings.map((tokens) => classesOf(word, tokens, speller));
    for (const list of lists) {
      numbers.set(word, tree.add(word, withoutSeparators(word, list, separator), numbers.get(word)));
    }
  }
  if (tree.words.length === 0) throw malformed('the lexicon holds no word', 'one word or more; null for no lexicon');
  return tree;
}

const spelling = is.arrayOf(is.string, 'an array of tokens');

function checkedEntry(entry: readonly [string, ...(readonly string[])[]]): typeof entry {
  checkValue(
    'lexicon',
    'each entry',
    entry,
    is.anyOf(is.string, is.arrayOf(is.anything, 'an array of a word and its spellings')),
  );
  checkValue('lexicon', 'a word', entry[0], is.string);
  for (const tokens of entry.slice(1))
    checkValue('lexicon', `a spelling of ${JSON.stringify(entry[0])}`, tokens, spelling);
  return entry;
}

function classesOf(word: string, tokens: readonly string[], speller: Speller): number[] {
  return tokens.map((token) => {
    const c = speller.class(token);
    if (c < 0)
      throw new ArgumentError(
        `[lexicon] the word ${JSON.stringify(word)} is spelled with ${JSON.stringify(token)}, expected only tokens that are classes of the network; check its case and the word separator`,
        'UNKNOWN_TOKEN',
      );
    return c;
  });
}

function withoutSeparators(word: string, classes: readonly number[], separator: number): readonly number[] {
  const isToken = (token: number): boolean => token !== separator;
  const inner = classes.slice(classes.findIndex(isToken), classes.findLastIndex(isToken) + 1);
  if (inner.length === 0)
    throw malformed(`the word ${JSON.stringify(word)} has a spelling without tokens`, 'one token or more');
  if (inner.includes(separator))
    throw malformed(
      `the word ${JSON.stringify(word)} is spelled with the word separator inside, so that it could never be read`,
      'single words; enter a phrase as its words',
    );
  return inner;
}

function malformed(happened: string, expected: string): ArgumentError {
  return new ArgumentError(`[lexicon] ${happened}; expected ${expected}`, 'MALFORMED_LEXICON');
}
