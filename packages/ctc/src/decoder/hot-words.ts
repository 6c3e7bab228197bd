/**
 * Phrases that earn a bonus wherever they are spelled, found by an automaton (Aho and Corasick 1975): a state is the
 * longest end of what was spelled that begins a phrase, 0 for none.
 */
export class HotWords {
  /** The state at the beginning */
  readonly start: number;
  /** The largest bonus that one token may bring, and the largest credit, both at least 0 */
  readonly most: number;
  /** The bonus of the last `step` */
  bonus = 0;
  readonly #separator: number;
  readonly #children: Map<number, number>[] = [new Map()];
  readonly #failures: number[] = [0];
  readonly #bonuses: number[] = [0];
  readonly #credits: number[] = [0];

  /**
   * @param phrases the classes of each phrase, and its bonus in nats
   * @param separator the class that stands between words, and must stand (or the beginning or the end) around a phrase;
   *   −1 where words are not told apart
   */
  constructor(phrases: readonly { readonly classes: readonly number[]; readonly weight: number }[], separator: number) {
    this.#separator = separator;
    for (const { classes, weight } of phrases)
      this.#add(separator < 0 ? classes : [separator, ...classes, separator], classes.length, weight);
    this.#linkFailures();
    this.start = separator < 0 ? 0 : this.step(0, separator);
    this.most = Math.max(0, ...this.#bonuses) + Math.max(0, ...this.#credits);
  }

  /** The state after one more token; `bonus` holds what the phrases that end there earn. */
  step(state: number, token: number): number {
    for (let at = state; ; at = this.#failures[at]!) {
      const child = this.#children[at]!.get(token);
      if (child !== undefined || at === 0) {
        this.bonus = this.#bonuses[child ?? 0]!;
        return child ?? 0;
      }
    }
  }

  /** What the phrases that the end of the text completes earn. */
  finish(state: number): number {
    if (this.#separator < 0) return 0;
    this.step(state, this.#separator);
    return this.bonus;
  }

  /** The share of a begun phrase's bonus that its first tokens would be, so that it is not dropped before its end. */
  credit(state: number): number {
    return this.#credits[state]!;
  }

  #add(tokens: readonly number[], length: number, weight: number): void {
    let node = 0;
    tokens.forEach((token, depth) => {
      let child = this.#children[node]!.get(token);
      if (child === undefined) {
        child = this.#children.length;
        this.#children[node]!.set(token, child);
        this.#children.push(new Map());
        this.#failures.push(0);
        this.#bonuses.push(0);
        this.#credits.push(0);
      }
      node = child;
      const done = this.#separator < 0 ? depth + 1 : depth;
      if (depth < tokens.length - 1) this.#credits[node] = Math.max(this.#credits[node]!, (weight * done) / length);
    });
    this.#bonuses[node] = this.#bonuses[node]! + weight;
  }

  /** From the root outwards: the failure of a child is where its parent's failure goes with the same token. */
  #linkFailures(): void {
    const queue = [0];
    for (const node of queue) {
      for (const [token, child] of this.#children[node]!) {
        queue.push(child);
        if (node === 0) continue;
        let failure = this.#failures[node]!;
        while (failure !== 0 && !this.#children[failure]!.has(token)) failure = this.#failures[failure]!;
        this.#failures[child] = this.#children[failure]!.get(token) ?? 0;
        this.#bonuses[child] = this.#bonuses[child]! + this.#bonuses[this.#failures[child]!]!;
      }
    }
  }
}
