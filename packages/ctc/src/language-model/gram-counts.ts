import { grown } from './word-table.ts';

/** The words that begin and end a sentence, and the one for all others; as numbers. */
export const [UNKNOWN, BEGIN, END] = [0, 1, 2];

/**
 * The n-grams of one order with their counts. An n-gram is numbered 0, 1, 2, … and found by the number of its prefix, an
 * n-gram of the order below, and its last word.
 */
export class GramCounts {
  size = 0;
  prefixes = new Int32Array(1024);
  words = new Int32Array(1024);
  /** The n-gram without its first word, in the order below. */
  suffixes = new Int32Array(1024);
  /** How often it occurs. */
  occurrences = new Int32Array(1024);
  /** The number of different words that it follows. */
  continuations = new Int32Array(1024);
  #slots = new Int32Array(4096);

  /** Returns the number of an n-gram, or −1. */
  find(prefix: number, word: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(prefix, word) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id < 0 || (this.prefixes[id] === prefix && this.words[id] === word)) return id;
    }
  }

  /** Adds a new n-gram and returns its number. */
  add(prefix: number, word: number, suffix: number): number {
    const id = this.size++;
    if (id === this.words.length) this.#grow();
    this.prefixes[id] = prefix;
    this.words[id] = word;
    this.suffixes[id] = suffix;
    if (2 * this.size > this.#slots.length) {
      this.#slots = new Int32Array(2 * this.#slots.length);
      for (let other = 0; other <= id; other++) this.#enter(other);
    } else this.#enter(id);
    return id;
  }

  #enter(id: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(this.prefixes[id]!, this.words[id]!) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id + 1;
  }

  #grow(): void {
    this.prefixes = grown(this.prefixes, this.size);
    this.words = grown(this.words, this.size);
    this.suffixes = grown(this.suffixes, this.size);
    this.occurrences = grown(this.occurrences, this.size);
    this.continuations = grown(this.continuations, this.size);
  }
}

/**
 * Counts the n-grams of every order up to `order` in sentences of word numbers, each with one `<s>` before it and `</s>`
 * behind it.
 *
 * @returns the n-grams of the orders 1, 2, …; those of order 1 are numbered as their words
 */
export function countGrams(sentences: Iterable<readonly number[]>, order: number): GramCounts[] {
  const counts = Array.from({ length: order }, () => new GramCounts());
  const [unigrams] = counts as [GramCounts];
  for (const word of [UNKNOWN, BEGIN, END]) unigrams.add(0, word, 0);
  // By order, the n-grams that end at the last word and at this one.
  let [last, current] = [new Int32Array(order), new Int32Array(order)];
  for (const sentence of sentences) {
    last[0] = BEGIN;
    let length = 1;
    for (let at = 0; at <= sentence.length; at++) {
      const word = at < sentence.length ? sentence[at]! : END;
      length = Math.min(length + 1, order);
      for (let n = 0; n < length; n++) {
        const prefix = n === 0 ? 0 : last[n - 1]!;
        const suffix = n === 0 ? 0 : current[n - 1]!;
        let id = counts[n]!.find(prefix, word);
        if (id < 0) {
          id = counts[n]!.add(prefix, word, suffix);
          // A word that is new before its suffix.
          if (n > 0) counts[n - 1]!.continuations[suffix]!++;
        }
        counts[n]!.occurrences[id]!++;
        current[n] = id;
      }
      [last, current] = [current, last];
    }
  }
  return counts;
}

function hash(prefix: number, word: number): number {
  const mixed = Math.imul(prefix, 0x9e3779b1) ^ Math.imul(word + 1, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
