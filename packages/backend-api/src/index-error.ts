import { ArgumentError } from './errors.ts';

/** An index out of range, as a kernel found it. */
export interface IndexFault {
  /** The operation, such as `gatherRows`. */
  readonly where: string;
  readonly index: number;
  /** Where it stands in the buffer of indices. */
  readonly position: number;
  /** How many there are: right would have been 0 … length − 1. */
  readonly length: number;
}

/**
 * The error for an index out of range, in the same words on every backend.
 *
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

/** The position of the first index that is neither in 0 … length − 1 nor `ignored`; −1 where there is none. */
export function findIndexFault(indices: Int32Array, length: number, ignored?: number): number {
  return indices.findIndex((index) => index !== ignored && (index < 0 || index >= length));
}
