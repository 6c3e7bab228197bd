import { ArgumentError } from '@timestep/core';
import type { Speller } from './speller.ts';

/** Words with their spellings, each a list of tokens. */
export type LexiconEntries = Iterable<readonly [word: string, ...spellings: (readonly string[])[]]>;

/**
 * Reads a lexicon as flashlight and wav2letter write it: a line a spelling, the word first and then its tokens,
 * separated by white space. A word may have several lines.
 *
 * @throws ArgumentError `MALFORMED_LEXICON` with the number of a line that has a word and no tokens
 * @example
 * readLexicon('hello h e l l o |\nworld w o r l d |');
 */
export function readLexicon(text: string): [string, string[]][] {
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

/** A tree of spellings: nodes 0 (nothing spelled yet), 1, 2, …, and the words that end at each. */
export class SpellingTree {
  readonly words: string[] = [];
  readonly #children: Map<number, number>[] = [new Map()];
  readonly #wordsAt: number[][] = [[]];
  /** By node: the largest score of a word below, for a provisional score of an unfinished word. */
  #best: Float64Array = new Float64Array(1);

  /** @returns the word's number */
  add(word: string, spelling: readonly number[], index = this.words.length): number {
    if (index === this.words.length) this.words.push(word);
    let node = 0;
    for (const token of spelling) {
      let child = this.#children[node]!.get(token);
      if (child === undefined) {
        child = this.#children.length;
        this.#children[node]!.set(token, child);
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
    return this.#children[node]!.get(token) ?? -1;
  }

  hasChildren(node: number): boolean {
    return this.#children[node]!.size > 0;
  }

  wordsAt(node: number): readonly number[] {
    return this.#wordsAt[node]!;
  }
}

/**
 * The tree of a lexicon.
 *
 * @throws ArgumentError `UNKNOWN_TOKEN` for a spelling with a token that is no class
 */
export function lexiconTree(entries: LexiconEntries | readonly string[], speller: Speller): SpellingTree {
  const tree = new SpellingTree();
  const numbers = new Map<string, number>();
  for (const entry of entries) {
    const [word, ...spellings] = typeof entry === 'string' ? [entry] : entry;
    const lists =
      spellings.length === 0
        ? [speller.spellOrThrow('lexicon', word)]
        : spellings.map((tokens) => classesOf(word, tokens, speller));
    for (const list of lists) numbers.set(word, tree.add(word, list, numbers.get(word)));
  }
  return tree;
}

function classesOf(word: string, tokens: readonly string[], speller: Speller): number[] {
  if (tokens.length === 0)
    throw new ArgumentError(
      `[lexicon] the word ${JSON.stringify(word)} has a spelling without tokens; expected one token or more`,
      'MALFORMED_LEXICON',
    );
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
