import { grown } from '../language-model/word-table.ts';
import { type Fusion, noWord } from './fusion.ts';

/**
 * The hypotheses of a search as nodes of a tree: each is its parent's tokens and one more. A hypothesis that fell out
 * of the beam and comes back gets its node again, so that its descendants are never there twice.
 */
export class PrefixTree {
  count = 0;
  parents = new Int32Array(1024);
  tokens = new Int32Array(1024);
  /** The word that a node's last token completes, in the numbering of `Fusion` */
  words = new Int32Array(1024);
  /** States of the language model, of the unfinished word and of the hot words */
  languages = new Int32Array(1024);
  trees = new Int32Array(1024);
  hots = new Int32Array(1024);
  /** α·ln p_LM + β·words + bonuses */
  scores = new Float64Array(1024);
  languageScores = new Float64Array(1024);
  /** `scores` and what the unfinished word and phrase are expected to earn */
  prospects = new Float64Array(1024);
  /** Where the node stands in the beam, −1 where it does not */
  places = new Int32Array(1024);
  #slots = new Int32Array(4096);

  /**
   * Timings: a list in each cell, of one token's first and last frame (exclusive) and the cell of those before; 0 is
   * empty.
   */
  timings = 1;
  previousTimings = new Int32Array(1024);
  starts = new Int32Array(1024);
  ends = new Int32Array(1024);

  find(parent: number, token: number, word: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(parent, token, word) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot]! - 1;
      if (node < 0 || (this.parents[node] === parent && this.tokens[node] === token && this.words[node] === word))
        return node;
    }
  }

  add(parent: number, token: number, word: number): number {
    if (this.count === this.parents.length) this.#grow();
    const node = this.count++;
    this.parents[node] = parent;
    this.tokens[node] = token;
    this.words[node] = word;
    this.places[node] = -1;
    if (2 * this.count > this.#slots.length) this.#rehash(2 * this.#slots.length);
    else this.#enter(node);
    return node;
  }

  /** The node of a hypothesis with one more token, which the fusion continues in its way number `variant`. */
  extend(from: number, token: number, fusion: Fusion | null, variant: number): number {
    fusion?.step(this.languages[from]!, this.trees[from]!, this.hots[from]!, token);
    const next = fusion?.continuations[variant] ?? null;
    const word = next?.word ?? noWord;
    const known = this.find(from, token, word);
    if (known >= 0) return known;
    const node = this.add(from, token, word);
    this.scores[node] = 0;
    this.languageScores[node] = 0;
    this.prospects[node] = 0;
    if (next && fusion) {
      this.languages[node] = next.language;
      this.trees[node] = next.tree;
      this.hots[node] = next.hot;
      this.scores[node] = this.scores[from]! + next.score;
      this.languageScores[node] = this.languageScores[from]! + next.languageScore;
      this.prospects[node] = this.scores[node] + fusion.provisional(next.tree, next.hot);
    }
    return node;
  }

  /** A list of timings with one more token. */
  addTiming(previous: number, start: number, end: number): number {
    if (this.timings === this.starts.length) {
      this.previousTimings = grown(this.previousTimings, this.timings + 1);
      this.starts = grown(this.starts, this.timings + 1);
      this.ends = grown(this.ends, this.timings + 1);
    }
    const cell = this.timings++;
    this.previousTimings[cell] = previous;
    this.starts[cell] = start;
    this.ends[cell] = end;
    return cell;
  }

  /** Drops every node that is neither in `nodes` nor above one of them, and renumbers `nodes` in place. */
  compactNodes(nodes: Int32Array): void {
    const numbers = new Int32Array(this.count).fill(-1);
    for (const node of nodes) for (let at = node; at >= 0 && numbers[at]! < 0; at = this.parents[at]!) numbers[at] = 0;
    let count = 0;
    for (let node = 0; node < this.count; node++) {
      if (numbers[node]! < 0) continue;
      const to = count++;
      numbers[node] = to;
      // A parent's number is below its child's, so it has its new one already.
      this.parents[to] = this.parents[node]! < 0 ? -1 : numbers[this.parents[node]!]!;
      for (const array of [this.tokens, this.words, this.languages, this.trees, this.hots, this.places])
        array[to] = array[node]!;
      for (const array of [this.scores, this.languageScores, this.prospects]) array[to] = array[node]!;
    }
    this.count = count;
    nodes.forEach((node, k) => (nodes[k] = numbers[node]!));
    this.#rehash(this.#slots.length);
  }

  /** The same for timings. */
  compactTimings(lists: readonly Int32Array[]): void {
    const numbers = new Int32Array(this.timings).fill(-1);
    numbers[0] = 0;
    for (const cells of lists)
      for (const cell of cells) for (let at = cell; numbers[at]! < 0; at = this.previousTimings[at]!) numbers[at] = 1;
    let count = 1;
    for (let cell = 1; cell < this.timings; cell++) {
      if (numbers[cell]! < 0) continue;
      const to = count++;
      numbers[cell] = to;
      this.previousTimings[to] = numbers[this.previousTimings[cell]!]!;
      this.starts[to] = this.starts[cell]!;
      this.ends[to] = this.ends[cell]!;
    }
    this.timings = count;
    for (const cells of lists) cells.forEach((cell, k) => (cells[k] = numbers[cell]!));
  }

  #enter(node: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(this.parents[node]!, this.tokens[node]!, this.words[node]!) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = node + 1;
  }

  #rehash(length: number): void {
    this.#slots = new Int32Array(length);
    for (let node = 0; node < this.count; node++) this.#enter(node);
  }

  #grow(): void {
    const length = this.count + 1;
    this.parents = grown(this.parents, length);
    this.tokens = grown(this.tokens, length);
    this.words = grown(this.words, length);
    this.languages = grown(this.languages, length);
    this.trees = grown(this.trees, length);
    this.hots = grown(this.hots, length);
    this.scores = grown(this.scores, length);
    this.languageScores = grown(this.languageScores, length);
    this.prospects = grown(this.prospects, length);
    this.places = grown(this.places, length);
  }
}

function hash(parent: number, token: number, word: number): number {
  const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(token, 0x85ebca6b) ^ Math.imul(word, 0xc2b2ae35);
  return mixed ^ (mixed >>> 15);
}
