import type { SafetensorsBytes } from '../arguments.ts';

/** The types in which a program may have a file. */
export const byteForms: readonly (readonly [name: string, make: (bytes: Uint8Array) => SafetensorsBytes])[] = [
  ['Uint8Array', (bytes) => bytes],
  ['Buffer', (bytes) => Buffer.from(bytes)],
  ['view with an odd offset', (bytes) => Uint8Array.from([7, 7, 7, ...bytes, 7]).subarray(3, 3 + bytes.length)],
  ['ArrayBuffer', (bytes) => Uint8Array.from(bytes).buffer],
  ['SharedArrayBuffer', (bytes) => shared(bytes).buffer],
  ['view of shared memory', (bytes) => shared(bytes)],
  ['DataView', (bytes) => new DataView(Uint8Array.from(bytes).buffer)],
];

function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
  memory.set(bytes);
  return memory;
}
