/** The unit of a word separator; all others are character codes. */
export const boundary = -1;

/**
 * Finds phrases that earn a bonus, however the tokens spell them. Uses an automaton over characters (Aho and Corasick
 * 1975). A state is the longest suffix of the text that begins a phrase; 0 is the empty one.
 */
export class HotWords {
  /** The state at the beginning */
  readonly start: number;
  /** The largest bonus of one token plus the largest credit, both at least 0 */
  readonly most: number;
  /** The bonus of the last `step` */
  bonus = 0;
  readonly #units: readonly (readonly number[])[];
  readonly #hasSeparator: boolean;
  readonly #children: Map<number, number>[] = [new Map()];
  readonly #failures: number[] = [0];
  readonly #bonuses: number[] = [0];
  readonly #credits: number[] = [0];

  /**
   * @param phrases the units of each phrase, and its bonus in nats
   * @param units the units of each class
   * @param hasSeparator whether there is a word separator; if so, phrases match only whole words
   */
  constructor(
    phrases: readonly { readonly units: readonly number[]; readonly weight: number }[],
    units: readonly (readonly number[])[],
    hasSeparator: boolean,
  ) {
    this.#units = units;
    this.#hasSeparator = hasSeparator;
    for (const { units: own, weight } of phrases)
      this.#add(hasSeparator ? [boundary, ...own, boundary] : own, own.length, weight);
    this.#linkFailures();
    this.start = hasSeparator ? this.#move(0, boundary) : 0;
    this.bonus = 0;
    const longest = Math.max(1, ...units.map(({ length }) => length));
    this.most = longest * Math.max(0, ...this.#bonuses) + Math.max(0, ...this.#credits);
  }

  /** Returns the state after one more token, and sets `bonus` for the phrases that end there. */
  step(state: number, token: number): number {
    this.bonus = 0;
    let at = state;
    for (const unit of this.#units[token]!) at = this.#move(at, unit);
    return at;
  }

  /** Returns the bonus of the phrases that the end of the text completes. */
  finish(state: number): number {
    this.bonus = 0;
    if (this.#hasSeparator) this.#move(state, boundary);
    return this.bonus;
  }

  /** Returns the state after one more unit, and adds its bonus. */
  #move(state: number, unit: number): number {
    for (let at = state; ; at = this.#failures[at]!) {
      const child = this.#children[at]!.get(unit);
      if (child !== undefined || at === 0) {
        this.bonus += this.#bonuses[child ?? 0]!;
        return child ?? 0;
      }
    }
  }

  /** Returns a share of the bonus of an unfinished phrase, so that it is not pruned before its end. */
  credit(state: number): number {
    return this.#credits[state]!;
  }

  #add(units: readonly number[], length: number, weight: number): void {
    let node = 0;
    units.forEach((unit, depth) => {
      let child = this.#children[node]!.get(unit);
      if (child === undefined) {
        child = this.#children.length;
        this.#children[node]!.set(unit, child);
        this.#children.push(new Map());
        this.#failures.push(0);
        this.#bonuses.push(0);
        this.#credits.push(0);
      }
      node = child;
      const done = this.#hasSeparator ? depth : depth + 1;
      if (depth < units.length - 1) this.#credits[node] = Math.max(this.#credits[node]!, (weight * done) / length);
    });
    this.#bonuses[node] = this.#bonuses[node]! + weight;
  }

  /** Computes the failure links, breadth first: that of a child continues its parent's with the same unit. */
  #linkFailures(): void {
    const queue = [0];
    for (const node of queue) {
      for (const [unit, child] of this.#children[node]!) {
        queue.push(child);
        if (node === 0) continue;
        let failure = this.#failures[node]!;
        while (failure !== 0 && !this.#children[failure]!.has(unit)) failure = this.#failures[failure]!;
        this.#failures[child] = this.#children[failure]!.get(unit) ?? 0;
        this.#bonuses[child] = this.#bonuses[child]! + this.#bonuses[this.#failures[child]]!;
      }
    }
  }
}
