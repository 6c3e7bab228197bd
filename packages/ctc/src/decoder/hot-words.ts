/** The unit that stands for a separator; all others are character codes. */
export const boundary = -1;

/**
 * Phrases that earn a bonus wherever they are spelled, however the tokens make them up, found by an automaton (Aho and
 * Corasick 1975) over characters: a state is the longest end of what was spelled that begins a phrase, 0 for none.
 */
export class HotWords {
  /** The state at the beginning */
  readonly start: number;
  /** The largest bonus that one token may bring, and the largest credit, both at least 0 */
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
   * @param hasSeparator whether words are told apart: then a boundary, the beginning or the end must be around a phrase
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

  /** The state after one more token; `bonus` holds what the phrases that end there earn. */
  step(state: number, token: number): number {
    this.bonus = 0;
    let at = state;
    for (const unit of this.#units[token]!) at = this.#move(at, unit);
    return at;
  }

  /** What the phrases that the end of the text completes earn. */
  finish(state: number): number {
    this.bonus = 0;
    if (this.#hasSeparator) this.#move(state, boundary);
    return this.bonus;
  }

  /** The state after one more unit, whose bonus is added. */
  #move(state: number, unit: number): number {
    for (let at = state; ; at = this.#failures[at]!) {
      const child = this.#children[at]!.get(unit);
      if (child !== undefined || at === 0) {
        this.bonus += this.#bonuses[child ?? 0]!;
        return child ?? 0;
      }
    }
  }

  /** The share of a begun phrase's bonus that its first tokens would be, so that it is not dropped before its end. */
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

  /** From the root outwards: the failure of a child is where its parent's failure goes with the same unit. */
  #linkFailures(): void {
    const queue = [0];
    for (const node of queue) {
      for (const [unit, child] of this.#children[node]!) {
        queue.push(child);
        if (node === 0) continue;
        let failure = this.#failures[node]!;
        while (failure !== 0 && !this.#children[failure]!.has(unit)) failure = this.#failures[failure]!;
        this.#failures[child] = this.#children[failure]!.get(unit) ?? 0;
        this.#bonuses[child] = this.#bonuses[child]! + this.#bonuses[this.#failures[child]!]!;
      }
    }
  }
}
