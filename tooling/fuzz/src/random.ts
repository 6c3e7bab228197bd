/** Random numbers of a seed and an index: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number, index = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  }

  /** A whole number in 0 … limit − 1; 0 for a limit of 0. */
  integer(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.integer(2 ** 30) < probability * 2 ** 30;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.integer(items.length)]!;
  }
}
