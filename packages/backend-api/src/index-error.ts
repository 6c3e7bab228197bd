import { ArgumentError } from './errors.ts';

/** An index out of range that a kernel found. */
export interface IndexFault {
  /** The operation, such as `gatherRows`. */
  readonly where: string;
  readonly index: number;
  /** Its position in the buffer of indices. */
  readonly position: number;
  /** The valid indices are 0 … length − 1. */
  readonly length: number;
}

/**
 * Makes the error for an index out of range, so that its message is the same on every backend.
 *
 * @example
 * ```ts
 * throw indexError({ where: 'gatherRows', index: 5, position: 2, length: 5 });
 * // ArgumentError: [gatherRows] index 5 (number 2 of the indices) is out of range; expected 0…4; …
 * ```
 */
export function indexError({ where, index, position, length }: IndexFault): ArgumentError {
  const expected = length > 0 ? `expected 0…${length - 1}` : 'there is nothing to choose from';
  const hint =
    index === length && length > 0 ? '; indices and classes count from 0: subtract 1 where yours count from 1' : '';
  return new ArgumentError(
    `[${where}] index ${index} (number ${position} of the indices) is out of range; ${expected}${hint}`,
  );
}

/**
 * Returns the position of the first index that is neither in 0 … length − 1 nor `ignored`, or −1.
 *
 * @example
 * ```ts
 * findIndexFault(new Int32Array([0, 2, 5]), 5); // 2
 * ```
 */
export function findIndexFault(indices: Int32Array, length: number, ignored?: number): number {
  return indices.findIndex((index) => index !== ignored && (index < 0 || index >= length));
}
