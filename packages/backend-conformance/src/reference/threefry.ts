import type { Backend } from '@timestep/backend-api';
import type { Heap } from './heap.ts';

/** The rotation of each round; the pattern repeats after eight rounds. */
const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** The low word of the constant C240 of Salmon et al. (2011), the last part of the key schedule. */
const parity = 0x1bd11bda;

/**
 * Computes one block of Threefry-2x32 with 20 rounds: encrypts two words of counter under two words of key (Salmon,
 * Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011).
 *
 * @example
 * ```ts
 * threefryBlock([0, 0], [0, 0]); // [0x6b200159, 0x99ba4efe]
 * ```
 */
export function threefryBlock(key: readonly [number, number], counter: readonly [number, number]): [number, number] {
  const schedule = [key[0], key[1], parity ^ key[0] ^ key[1]];
  let x = (counter[0] + key[0]) >>> 0;
  let y = (counter[1] + key[1]) >>> 0;
  for (let round = 0; round < 20; round++) {
    x = (x + y) >>> 0;
    const turn = rotations[round % 8]!;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + schedule[injection % 3]!) >>> 0;
      y = (y + schedule[(injection + 1) % 3]! + injection) >>> 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

export function randomBits(heap: Heap): Backend['randomBits'] {
  return (out, key, counter) => {
    const target = heap.words('randomBits', out);
    const words: readonly [number, number] = [key[0] >>> 0, key[1] >>> 0];
    for (let n = 0; n < target.length; n += 2) {
      const block = BigInt(counter) + BigInt(n / 2);
      const [first, second] = threefryBlock(words, [Number(block & 0xffffffffn), Number((block >> 32n) & 0xffffffffn)]);
      target[n] = first;
      if (n + 1 < target.length) target[n + 1] = second;
    }
  };
}
