import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { grown, WordTable, type WordTableData } from './word-table.ts';

/**
 * ln p of an unknown word if the model has no `<unk>`: p = 10⁻¹⁰⁰, like in KenLM (`unknown_missing_logprob` in
 * lm/config.hh).
 */
const unseen = -100 * Math.LN10;

const scoreRules: OptionRules<{ end?: boolean }> = { end: is.optional(is.boolean) };

type Floats = Float32Array<ArrayBuffer>;
type Integers = Int32Array<ArrayBuffer>;

/** A model as plain data that can be posted to another thread. */
export interface NgramData {
  readonly order: number;
  readonly count: number;
  readonly words: WordTableData;
  readonly arrays: readonly [Floats, Floats, Integers, Integers, Integers, Uint8Array<ArrayBuffer>, Integers];
}

/**
 * A back-off n-gram language model (Katz 1987). `readArpa` creates one. All scores are natural logarithms.
 *
 * p(w | h) is the entry of `h w` if there is one, else backoff(h)·p(w | h without its first word).
 *
 * Each n-gram is a node of a tree whose root is the empty history. A state is the node of the longest history that can
 * still matter; 0 is the empty one.
 *
 * @example
 * ```ts
 * const model = await loadArpa(await file.arrayBuffer());
 * model.score(['the', 'cat', 'sat']);
 * let state = model.start;
 * for (const word of ['the', 'cat']) {
 *   console.log(word, model.step(state, model.index(word)));
 *   state = model.next;
 * }
 * ```
 */
export class NgramModel {
  /** The length of the longest n-gram */
  order = 0;
  readonly words: WordTable;
  /** The state after the last `step` */
  next = 0;
  #count = 1;
  #logProbabilities: Floats;
  #backoffs: Floats;
  #contexts: Integers;
  #lastWords: Integers;
  #suffixes: Integers;
  #levels: Uint8Array<ArrayBuffer>;
  #slots: Integers;

  /** @param expected the number of n-grams to reserve memory for; it grows if there are more */
  constructor(expected = 1000, words = new WordTable()) {
    this.words = words;
    const room = expected + 1;
    this.#logProbabilities = new Float32Array(room);
    this.#backoffs = new Float32Array(room);
    this.#contexts = new Int32Array(room);
    this.#lastWords = new Int32Array(room);
    this.#suffixes = new Int32Array(room);
    this.#levels = new Uint8Array(room);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * room + 1)));
  }

  /** Creates a model from the `data` of another. */
  static from({ order, count, words, arrays }: NgramData): NgramModel {
    const model = new NgramModel(0, WordTable.from(words));
    model.order = order;
    model.#count = count;
    [
      model.#logProbabilities,
      model.#backoffs,
      model.#contexts,
      model.#lastWords,
      model.#suffixes,
      model.#levels,
      model.#slots,
    ] = arrays;
    return model;
  }

  /** The model's arrays, not copied, to send to a worker thread. */
  get data(): NgramData {
    const arrays = [
      this.#logProbabilities,
      this.#backoffs,
      this.#contexts,
      this.#lastWords,
      this.#suffixes,
      this.#levels,
      this.#slots,
    ] as const;
    return { order: this.order, count: this.#count, words: this.words.data, arrays };
  }

  /** The number of n-grams of all orders */
  get size(): number {
    return this.#count - 1;
  }

  /** Returns the number of a word; that of `<unk>` for an unknown word, −1 if there is no `<unk>`. */
  index(word: string): number {
    const index = this.words.index(word);
    return index >= 0 ? index : this.words.index('<unk>');
  }

  /**
   * Whether the model has a probability for unknown words. If not, each gets 10⁻¹⁰⁰ (times the back-off weights of its
   * history), like in KenLM.
   */
  get hasUnknown(): boolean {
    return this.words.index('<unk>') >= 0;
  }

  /** The state at the beginning of a sentence: after `<s>`, or 0 if the model does not have it. */
  get start(): number {
    const index = this.words.index('<s>');
    return index < 0 ? 0 : Math.max(0, this.find(0, index));
  }

  /** Returns ln p(word | state), and sets `next` to the state after the word. */
  step(state: number, word: number): number {
    let score = 0;
    for (let context = state; ; context = this.#suffixes[context]!) {
      const node = word < 0 ? -1 : this.find(context, word);
      if (node >= 0) {
        // No n-gram continues a node of the highest order, so the state is its longest proper suffix.
        this.next = this.#levels[node]! < this.order ? node : this.#suffixes[node]!;
        return score + this.#logProbabilities[node]!;
      }
      if (context === 0) {
        this.next = 0;
        return score + unseen;
      }
      score += this.#backoffs[context]!;
    }
  }

  /**
   * Returns ln p of a sentence: Σ ln p(word | the words before it).
   *
   * @param words the words of the sentence, without `<s>` and `</s>`
   * @param options `end`: whether to include the end of the sentence, true by default
   * @throws ArgumentError if `words` is not a list of words
   * @example
   * ```ts
   * model.score(['the', 'cat', 'sat']) / Math.LN10; // log10, as other tools print it
   * ```
   */
  score(words: readonly string[], options: { end?: boolean } = {}): number {
    checkValue('NgramModel.score', 'words', words, is.arrayOf(is.string, 'a list of words'));
    checkOptions('NgramModel.score', options, scoreRules);
    const { end = true } = options;
    let total = 0;
    let state = this.start;
    for (const word of end ? [...words, '</s>'] : words) {
      total += this.step(state, this.index(word));
      state = this.next;
    }
    return total;
  }

  /** Returns the node of the n-gram `context word`, or −1. */
  find(context: number, word: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(context, word) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot]! - 1;
      if (node < 0 || (this.#contexts[node] === context && this.#lastWords[node] === word)) return node;
    }
  }

  /**
   * Adds the n-gram `context word` of order `level` and returns its node. A `logProbability` of NaN means the back-off
   * probability. Call `link` after the last n-gram.
   */
  add(context: number, word: number, level: number, logProbability: number, backoff: number): number {
    const node = this.#count++;
    if (node === this.#contexts.length) this.#grow();
    this.#logProbabilities[node] = logProbability;
    this.#backoffs[node] = backoff;
    this.#contexts[node] = context;
    this.#lastWords[node] = word;
    this.#levels[node] = level;
    if (level > this.order) this.order = level;
    if (2 * this.#count > this.#slots.length) this.#rehash();
    else this.#enter(node);
    return node;
  }

  /**
   * Computes the suffix of every node (the longest other entry that its words end with), and the probabilities that are
   * NaN. Goes from short n-grams to long ones, because the long ones need the short; the order of `add` does not
   * matter.
   */
  link(): void {
    for (let level = 1; level <= this.order; level++) {
      for (let node = 1; node < this.#count; node++) {
        if (this.#levels[node] !== level) continue;
        const [context, word] = [this.#contexts[node]!, this.#lastWords[node]!];
        let suffix = 0;
        for (let history = context; history !== 0 && suffix <= 0;) {
          history = this.#suffixes[history]!;
          suffix = this.find(history, word);
        }
        this.#suffixes[node] = Math.max(suffix, 0);
        if (Number.isNaN(this.#logProbabilities[node])) {
          this.#logProbabilities[node] = this.#backoffs[context]! + this.step(this.#suffixes[context]!, word);
        }
      }
    }
  }

  #enter(node: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(this.#contexts[node]!, this.#lastWords[node]!) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = node + 1;
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let node = 1; node < this.#count; node++) this.#enter(node);
  }

  #grow(): void {
    const length = this.#count;
    this.#logProbabilities = grown(this.#logProbabilities, length);
    this.#backoffs = grown(this.#backoffs, length);
    this.#contexts = grown(this.#contexts, length);
    this.#lastWords = grown(this.#lastWords, length);
    this.#suffixes = grown(this.#suffixes, length);
    this.#levels = grown(this.#levels, length);
  }
}

function hash(context: number, word: number): number {
  const mixed = Math.imul(context, 0x9e3779b1) ^ Math.imul(word + 1, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
