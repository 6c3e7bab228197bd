/** A word as units, and its count. */
export interface SplitWord {
  readonly units: readonly string[];
  readonly count: number;
}

interface Pair {
  readonly left: number;
  readonly right: number;
  count: number;
  /** The words that may contain it */
  readonly words: Set<number>;
}

/**
 * Learns the merges of byte-pair encoding. It updates the counts of pairs only for the words that contain the merged
 * pair, and takes the most frequent pair from a heap whose entries may be outdated. So 30,000 sentences take seconds.
 * Counting again for each merge would take minutes.
 *
 * @param size the maximum number of units, including single characters
 * @param minimumCount the smallest count of a pair that is merged
 */
export function learnMerges(split: readonly SplitWord[], size: number, minimumCount: number): [string, string][] {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, names.length);
    return names.push(name) - 1;
  };
  const words = split.map(({ units }) => units.map(numberOf));
  const pairs = new Map<number, Pair>();
  const heap = new PairHeap(names);
  const change = (left: number, right: number, by: number, word: number): Pair => {
    // Numbers are faster than texts as keys: 29,000 sentences to 8,000 units took 4 s instead of 13. There are far fewer
    // than 2^26 units.
    const key = left * 2 ** 26 + right;
    let pair = pairs.get(key);
    if (!pair) pairs.set(key, (pair = { left, right, count: 0, words: new Set() }));
    pair.count += by;
    if (by > 0) pair.words.add(word);
    return pair;
  };
  words.forEach((units, word) => {
    for (let i = 1; i < units.length; i++) change(units[i - 1]!, units[i]!, split[word]!.count, word);
  });
  for (const pair of pairs.values()) heap.push(pair);

  const merges: [string, string][] = [];
  while (names.length < size) {
    const best = heap.pop();
    if (!best || best.count < minimumCount) break;
    merges.push([names[best.left]!, names[best.right]!]);
    const joined = numberOf(names[best.left]! + names[best.right]!);
    const touched = new Set<Pair>();
    for (const word of best.words) {
      const count = split[word]!.count;
      const units = words[word]!;
      const next = joinPair(units, best, joined);
      // The merge of another pair may have taken this one out of the word.
      if (next.length === units.length) continue;
      for (let i = 1; i < units.length; i++) touched.add(change(units[i - 1]!, units[i]!, -count, word));
      words[word] = next;
      for (let i = 1; i < next.length; i++) touched.add(change(next[i - 1]!, next[i]!, count, word));
    }
    for (const pair of touched) if (pair.count > 0 && pair !== best) heap.push(pair);
  }
  return merges;
}

function joinPair(units: readonly number[], { left, right }: Pair, joined: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < units.length; i++) {
    if (units[i] === left && units[i + 1] === right) {
      out.push(joined);
      i++;
    } else out.push(units[i]!);
  }
  return out;
}

interface Entry {
  readonly pair: Pair;
  /** The count of the pair when it was pushed. If the count has changed since, the entry is ignored */
  readonly count: number;
}

/** Returns the most frequent pair; among equally frequent pairs, the first in code point order. */
class PairHeap {
  readonly #names: readonly string[];
  readonly #entries: Entry[] = [];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  push(pair: Pair): void {
    const entries = this.#entries;
    let at = entries.push({ pair, count: pair.count }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(entries[at]!, entries[parent]!)) break;
      [entries[at], entries[parent]] = [entries[parent]!, entries[at]!];
      at = parent;
    }
  }

  pop(): Pair | undefined {
    for (;;) {
      const top = this.#removeTop();
      if (!top || top.count === top.pair.count) return top?.pair;
    }
  }

  #removeTop(): Entry | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (!last || entries.length === 0) return top;
    entries[0] = last;
    for (let at = 0; ;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < entries.length && this.#before(entries[child]!, entries[first]!)) first = child;
      if (first === at) return top;
      [entries[at], entries[first]] = [entries[first]!, entries[at]!];
      at = first;
    }
  }

  #before(a: Entry, b: Entry): boolean {
    if (a.count !== b.count) return a.count > b.count;
    const [leftA, leftB] = [this.#names[a.pair.left]!, this.#names[b.pair.left]!];
    if (leftA !== leftB) return leftA < leftB;
    return this.#names[a.pair.right]! < this.#names[b.pair.right]!;
  }
}
