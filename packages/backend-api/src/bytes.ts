import { ArgumentError } from './errors.ts';
import { describe } from './check-options.ts';

/** Bytes in any of the forms in which programs hold them; a Node `Buffer` is a `Uint8Array`. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/**
 * The same bytes as a plain `Uint8Array`, without a copy where the memory allows it. A `Buffer` becomes a `Uint8Array`
 * (its `slice` is a view, that of a `Uint8Array` a copy); shared memory is copied, since another thread could change it
 * while it is read and `TextDecoder` refuses it.
 *
 * @param where the name of the reader, for the message
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
