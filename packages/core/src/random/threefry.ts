const parity = 0x1bd11bda;
const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): encrypts a counter
 * of two 32-bit words under a key of two. Every backend implements the same function.
 */
export function threefry2x32(key: readonly [number, number], low: number, high: number): [number, number] {
  const keys = [key[0] | 0, key[1] | 0, parity ^ key[0] ^ key[1]] as const;
  let a = (low + keys[0]) | 0;
  let b = (high + keys[1]) | 0;
  for (let round = 0; round < 20; round++) {
    a = (a + b) | 0;
    const rotation = rotations[round & 7]!;
    b = ((b << rotation) | (b >>> (32 - rotation))) ^ a;
    if ((round & 3) === 3) {
      const injection = (round >> 2) + 1;
      a = (a + keys[(injection % 3) as 0 | 1 | 2]) | 0;
      b = (b + keys[((injection + 1) % 3) as 0 | 1 | 2] + injection) | 0;
    }
  }
  return [a >>> 0, b >>> 0];
}
