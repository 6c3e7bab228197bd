import { ArgumentError, type Bytes, checkValue, is, toBytes } from '@timestep/core';
import type { Speller } from './speller.ts';

/** Words with their spellings. Each spelling is a list of tokens. */
export type LexiconEntries = Iterable<readonly [word: string, ...spellings: (readonly string[])[]]>;

/**
 * Reads a lexicon file of flashlight or wav2letter. Each line has a word and its tokens, separated by white space. A
 * word with several spellings has several lines.
 *
 * @param source the text of the file, or its bytes in UTF-8
 * @returns the words with their tokens, in the order of the file
 * @throws ArgumentError `MALFORMED_LEXICON`, with the line number, for a word without tokens
 * @example
 * ```ts
 * readLexicon('hello h e l l o |\nworld w o r l d |');
 * ```
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
 * A prefix tree (trie) of spellings. Node 0 is the empty spelling; each node lists the words that end there. A spelling
 * is a list of classes, or of smaller units, of which each class has one or more.
 */
export class SpellingTree {
  readonly #units: readonly (readonly number[])[] | null;
  readonly words: string[] = [];
  readonly #children: Map<number, number>[] = [new Map()];
  readonly #wordsAt: number[][] = [[]];
  /** For each node: the largest score of a word below it, the provisional score of an unfinished word. */
  #best: Float64Array = new Float64Array(1);

  /** @param units the units of each class; null if the spellings are lists of classes */
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

  /** Sets the provisional score of every node (flashlight's smearing). `score(word)` is the score of a word. */
  smear(score: (word: number) => number): void {
    const best = new Float64Array(this.#children.length).fill(-Infinity);
    // Children have higher numbers than their parents.
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

  /** Returns the node after one more token, or −1. */
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
 * Builds the tree of a lexicon. Drops separators at the ends of a spelling (flashlight's files end each with one),
 * because the decoder expects them between all words anyway.
 *
 * @param separator the class between words; −1 if there is none
 * @throws ArgumentError `UNKNOWN_TOKEN` if a spelling has a token that is not a class; `MALFORMED_LEXICON` if it is
 * empty
 *   or has the separator between other tokens
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
  if (tree.words.length === 0)
    throw malformed('the lexicon is empty', 'one word or more; pass null to decode without a lexicon');
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
        `[lexicon] the word ${JSON.stringify(word)} is spelled with ${JSON.stringify(token)}, which is not one of the tokens; check its case and the word separator`,
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
      `the word ${JSON.stringify(word)} has the word separator inside its spelling`,
      'single words; enter a phrase as its words',
    );
  return inner;
}

function malformed(happened: string, expected: string): ArgumentError {
  return new ArgumentError(`[lexicon] ${happened}; expected ${expected}`, 'MALFORMED_LEXICON');
}
