import { ArgumentError } from './errors.ts';
import { describe } from './check-options.ts';

/** Bytes as a typed array, `DataView`, `ArrayBuffer` or `SharedArrayBuffer`. A Node `Buffer` is a `Uint8Array`. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/**
 * Returns the bytes as a plain `Uint8Array`, without a copy if possible. A `Buffer` becomes a `Uint8Array`, because
 * `slice` of a `Buffer` is a view and `slice` of a `Uint8Array` a copy. Shared memory is copied: another thread could
 * change it while it is read, and `TextDecoder` refuses it.
 *
 * @example
 * ```ts
 * toBytes('readWav', new ArrayBuffer(8)).length; // 8
 * ```
 *
 * @param where the name of the calling function, for the message
 * @param bytes a `Uint8Array`, `Buffer`, `ArrayBuffer`, `SharedArrayBuffer`, `DataView` or another typed array
 * @throws ArgumentError for anything else, such as a promise or a path
 */
export function toBytes(where: string, bytes: Bytes): Uint8Array<ArrayBuffer> {
  const given: unknown = bytes;
  const isShared = (value: unknown): boolean => Object.prototype.toString.call(value) === '[object SharedArrayBuffer]';
  if (ArrayBuffer.isView(given)) {
    const view = new Uint8Array(given.buffer as ArrayBuffer, given.byteOffset, given.byteLength);
    return isShared(given.buffer) ? view.slice() : view;
  }
  if (Object.prototype.toString.call(given) === '[object ArrayBuffer]') return new Uint8Array(given as ArrayBuffer);
  if (isShared(given)) return new Uint8Array(given as ArrayBuffer).slice();
  const hint =
    typeof given === 'string'
      ? '; read the file first and pass its contents'
      : given instanceof Promise
        ? ''
        : '; pass a Uint8Array, Buffer or ArrayBuffer';
  throw new ArgumentError(`[${where}] expected the bytes of a file, got ${describe(given)}${hint}`);
}
