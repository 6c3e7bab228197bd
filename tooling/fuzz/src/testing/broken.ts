import type { Format } from '../format.ts';

class TypedError extends Error {}

const kept: Uint8Array[] = [];

/** A reader with every fault that the driver looks for, chosen by the file's first byte. */
export const format: Format = {
  seeds: () => [Uint8Array.of(255, 9, 9, 9)],
  mutate: (bytes, random) => Uint8Array.from([random.integer(6), ...bytes]),
  read: (bytes) => {
    if (bytes[0] === 0) throw new TypedError('as promised');
    if (bytes[0] === 1) throw new TypeError('not as promised');
    if (bytes[0] === 2) kept.push(new Uint8Array(200 * 2 ** 20));
    if (bytes[0] === 3) new Uint8Array(100 * 2 ** 20).fill(1);
    // Blocks for ever without taking a processor from other tests.
    if (bytes[0] === 4) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    if (bytes[0] === 5) process.abort();
    return bytes;
  },
  isTyped: (error) => error instanceof TypedError,
};
