/** A small seeded generator for tests (mulberry32): uniform numbers in [0, 1). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z = (z + Math.imul(z ^ (z >>> 7), z | 61)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer in 0…n − 1. */
export function randomInteger(random: () => number, n: number): number {
  return Math.floor(random() * n);
}

/** A normal deviate by Box and Muller. */
export function randomNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Logits `[T, C]`, normal with the given scale. */
export function randomLogits(random: () => number, T: number, C: number, scale = 2): Float32Array {
  return Float32Array.from({ length: T * C }, () => scale * randomNormal(random));
}
