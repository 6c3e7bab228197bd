/**
 * Test data from a seed: SplitMix32, so that every machine and every run draws the same. All values are exact in
 * float32, so that a float32 backend and the float64 reference start from the same numbers.
 */
export class TestRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An integer in 0…2³² − 1. */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return Math.fround(low + (high - low) * (this.bits() / 2 ** 32));
  }

  /** An integer, uniform in low…high, both ends included. */
  integer(low: number, high: number): number {
    return low + Math.floor((this.bits() / 2 ** 32) * (high - low + 1));
  }

  /** `count` floats in [low, high). */
  floats(count: number, low = -1, high = 1): Float64Array {
    return Float64Array.from({ length: count }, () => this.uniform(low, high));
  }

  /** `count` integers in low…high. */
  integers(count: number, low: number, high: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.integer(low, high));
  }

  /** `count` words of 32 random bits. */
  words(count: number): Uint32Array {
    return Uint32Array.from({ length: count }, () => this.bits());
  }

  /** `count` of 0 or 1. */
  mask(count: number): Uint32Array {
    return Uint32Array.from({ length: count }, () => this.integer(0, 1));
  }
}
