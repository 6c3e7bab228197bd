import { grown } from '../language-model/word-table.ts';
import { type Fusion, noWord } from './fusion.ts';

/**
 * The hypotheses of a search, as nodes of a tree: each has the tokens of its parent and one more. A hypothesis that
 * leaves the beam and returns gets the same node, so that its descendants are never duplicated.
 */
export class PrefixTree {
  count = 0;
  parents = new Int32Array(1024);
  tokens = new Int32Array(1024);
  /** The word that a node's last token completes, as `Fusion` numbers it */
  words = new Int32Array(1024);
  /** The states of the language model, the unfinished word and the hot words */
  lmStates = new Int32Array(1024);
  spellingStates = new Int32Array(1024);
  hotWordStates = new Int32Array(1024);
  /** α·ln p_LM + β·words + bonuses */
  scores = new Float64Array(1024);
  lmScores = new Float64Array(1024);
  /** `scores` plus the expected score of the unfinished word and phrase */
  provisionalScores = new Float64Array(1024);
  /** The index of the node in the beam, or −1 */
  beamIndices = new Int32Array(1024);
  #slots = new Int32Array(4096);

  /**
   * Timings are linked lists. A cell has the first and last frame (exclusive) of a token and the previous cell; 0 is
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
    this.beamIndices[node] = -1;
    if (2 * this.count > this.#slots.length) this.#rehash(2 * this.#slots.length);
    else this.#enter(node);
    return node;
  }

  /** Returns the node of a hypothesis with one more token. `variant` is the index of the fusion's continuation. */
  extend(from: number, token: number, fusion: Fusion | null, variant: number): number {
    fusion?.step(this.lmStates[from]!, this.spellingStates[from]!, this.hotWordStates[from]!, token);
    const next = fusion?.continuations[variant] ?? null;
    const word = next?.word ?? noWord;
    const known = this.find(from, token, word);
    if (known >= 0) return known;
    const node = this.add(from, token, word);
    this.scores[node] = 0;
    this.lmScores[node] = 0;
    this.provisionalScores[node] = 0;
    if (next && fusion) {
      this.lmStates[node] = next.lmState;
      this.spellingStates[node] = next.spellingState;
      this.hotWordStates[node] = next.hotWordState;
      this.scores[node] = this.scores[from]! + next.score;
      this.lmScores[node] = this.lmScores[from]! + next.lmScore;
      this.provisionalScores[node] = this.scores[node] + fusion.provisional(next.spellingState, next.hotWordState);
    }
    return node;
  }

  /** Adds one more token to a list of timings. */
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

  /** Removes all nodes except `nodes` and their ancestors, and renumbers `nodes` in place. */
  compactNodes(nodes: Int32Array): void {
    const numbers = new Int32Array(this.count).fill(-1);
    for (const node of nodes) for (let at = node; at >= 0 && numbers[at]! < 0; at = this.parents[at]!) numbers[at] = 0;
    let count = 0;
    for (let node = 0; node < this.count; node++) {
      if (numbers[node]! < 0) continue;
      const to = count++;
      numbers[node] = to;
      // Parents have lower numbers than their children, so the parent is already renumbered.
      this.parents[to] = this.parents[node]! < 0 ? -1 : numbers[this.parents[node]!]!;
      for (const array of [
        this.tokens,
        this.words,
        this.lmStates,
        this.spellingStates,
        this.hotWordStates,
        this.beamIndices,
      ])
        array[to] = array[node]!;
      for (const array of [this.scores, this.lmScores, this.provisionalScores]) array[to] = array[node]!;
    }
    this.count = count;
    nodes.forEach((node, k) => (nodes[k] = numbers[node]!));
    this.#rehash(this.#slots.length);
  }

  /** Removes all timings that are not in `lists`, and renumbers `lists` in place. */
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
    this.lmStates = grown(this.lmStates, length);
    this.spellingStates = grown(this.spellingStates, length);
    this.hotWordStates = grown(this.hotWordStates, length);
    this.scores = grown(this.scores, length);
    this.lmScores = grown(this.lmScores, length);
    this.provisionalScores = grown(this.provisionalScores, length);
    this.beamIndices = grown(this.beamIndices, length);
  }
}

function hash(parent: number, token: number, word: number): number {
  const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(token, 0x85ebca6b) ^ Math.imul(word, 0xc2b2ae35);
  return mixed ^ (mixed >>> 15);
}
