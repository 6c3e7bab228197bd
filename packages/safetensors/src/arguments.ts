import { SafetensorsError } from './errors.ts';

/** The bytes of a file in any of the forms in which programs hold them; a Node `Buffer` is a `Uint8Array`. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/** Says what a value should be; `fits` decides. */
interface Rule {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

/** A promise, a date or a Map has no entries that anyone would see, and would count as an empty object. */
const isObject = (value: unknown): value is object => Object.prototype.toString.call(value) === '[object Object]';
const isMapOrObject = (value: unknown): boolean => value instanceof Map || isObject(value);

/** The kinds of values that the functions of this package take. */
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

/** @throws SafetensorsError `INVALID_ARGUMENT` where the value does not fit */
export function checkArgument(where: string, name: string, value: unknown, { expected, fits }: Rule): void {
  if (fits(value)) return;
  throw new SafetensorsError(
    'INVALID_ARGUMENT',
    `${where}: expected ${name} to be ${expected}, got ${describe(value)}`,
  );
}

/**
 * Checks that every option is known and fits; all may be left out.
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
 * The same bytes as a plain `Uint8Array`, without a copy but for shared memory, which another thread could change
 * after it has been checked.
 *
 * @throws SafetensorsError `INVALID_ARGUMENT` for anything but bytes
 */
export function toBytes(where: string, bytes: Bytes): Uint8Array<ArrayBuffer> {
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

/** A name without what is mistaken most: case, underscores, the plural. */
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
