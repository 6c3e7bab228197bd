import { SafetensorsError } from './errors.ts';

/** The bytes of a file: a typed array, `DataView`, `ArrayBuffer` or `SharedArrayBuffer`. A `Buffer` is a `Uint8Array`. */
export type SafetensorsBytes = ArrayBufferLike | ArrayBufferView;

/** A check of a value, and its description. */
interface Rule {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

/** A plain object. A promise, a date or a Map has no visible entries, so it would count as an empty object. */
const isObject = (value: unknown): value is object => Object.prototype.toString.call(value) === '[object Object]';
const isMapOrObject = (value: unknown): boolean => value instanceof Map || isObject(value);

/** The checks for the arguments of this package. */
export const rules = {
  boolean: { expected: 'true or false', fits: (value) => typeof value === 'boolean' },
  string: { expected: 'a string', fits: (value) => typeof value === 'string' },
  function: { expected: 'a function', fits: (value) => typeof value === 'function' },
  stringMap: { expected: 'a Map or an object of strings', fits: isMapOrObject },
  tensors: { expected: 'a Map or an object of { dtype, shape, data }', fits: isMapOrObject },
  fileStem: {
    expected: 'the beginning of a file name',
    fits: (value) => typeof value === 'string' && /^[^/\\\0]+$/u.test(value),
  },
  positive: { expected: 'a number > 0', fits: (value) => typeof value === 'number' && value > 0 },
  size: { expected: 'a whole number ≥ 0', fits: (value) => Number.isSafeInteger(value) && (value as number) >= 0 },
  numbers: {
    expected: 'an array of numbers',
    fits: (value) =>
      Array.isArray(value)
        ? value.every((entry) => typeof entry === 'number')
        : ArrayBuffer.isView(value) &&
          !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array),
  },
  bits8: { expected: 'a Uint8Array', fits: (value) => value instanceof Uint8Array },
  bits16: { expected: 'a Uint16Array', fits: (value) => value instanceof Uint16Array },
} as const satisfies Readonly<Record<string, Rule>>;

/**
 * Checks an argument.
 *
 * @throws SafetensorsError `INVALID_ARGUMENT` for a wrong value
 */
export function checkArgument(where: string, name: string, value: unknown, { expected, fits }: Rule): void {
  if (fits(value)) return;
  throw new SafetensorsError(
    'INVALID_ARGUMENT',
    `${where}: expected ${name} to be ${expected}, got ${describe(value)}`,
  );
}

/**
 * Checks that the names and values of options are right. Every option may be left out.
 *
 * @throws SafetensorsError `INVALID_ARGUMENT`
 */
export function checkOptions<Options extends object>(
  where: string,
  options: Options,
  known: { readonly [Name in keyof Options]-?: Rule },
): void {
  const names = Object.keys(known);
  if (!isObject(options)) {
    throw new SafetensorsError(
      'INVALID_ARGUMENT',
      `${where}: expected an object of options { ${names.join(', ')} }, got ${describe(options)}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) {
      const meant = names.find((other) => plain(other) === plain(name));
      throw new SafetensorsError(
        'INVALID_ARGUMENT',
        `${where}: unknown option ${name}; ${meant ? `did you mean ${meant}? ` : ''}expected { ${names.join(', ')} }`,
      );
    }
    if (value !== undefined) checkArgument(where, name, value, known[name as keyof Options]);
  }
}

/**
 * Returns the bytes as a plain `Uint8Array`. It copies only shared memory, because another thread could change that after
 * the check.
 *
 * @throws SafetensorsError `INVALID_ARGUMENT` for anything but bytes
 */
export function toBytes(where: string, bytes: SafetensorsBytes): Uint8Array<ArrayBuffer> {
  const given: unknown = bytes;
  const [buffer, offset, length] = ArrayBuffer.isView(given)
    ? [given.buffer, given.byteOffset, given.byteLength]
    : [given, 0, undefined];
  const type = Object.prototype.toString.call(buffer);
  if (type === '[object ArrayBuffer]') return new Uint8Array(buffer as ArrayBuffer, offset, length);
  if (type === '[object SharedArrayBuffer]') return new Uint8Array(buffer as ArrayBuffer, offset, length).slice();
  throw new SafetensorsError(
    'INVALID_ARGUMENT',
    `${where}: expected the bytes of a file (Uint8Array, Buffer, ArrayBuffer), got ${describe(given)}`,
  );
}

/** A name without case, underscores and plural, which are the most frequent mistakes. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]|s$/gu, '');
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (value instanceof Promise) return 'a promise (await it first)';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  return typeof value === 'function' ? 'a function' : String(value);
}
