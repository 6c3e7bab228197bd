import { ArgumentError, describe } from '@timestep/backend-api';

/**
 * Checks the lengths of a batch and brings them to an Int32Array; null where every sequence has all steps.
 *
 * @example
 * ```ts
 * checkLengths('lstm', [3, 5], 5, 2); // 5 steps, 2 sequences
 * ```
 *
 * @throws ArgumentError `INVALID_LENGTHS` that names the entry
 */
export function checkLengths(
  where: string,
  lengths: ArrayLike<number> | null | undefined,
  steps: number,
  batch: number,
): Int32Array | null {
  if (lengths === null || lengths === undefined) return null;
  if (!Array.isArray(lengths) && (!ArrayBuffer.isView(lengths) || lengths instanceof DataView))
    throw new ArgumentError(
      `[${where}] expected lengths to be an array or an Int32Array on the host, got ${describe(lengths)}`,
      'INVALID_LENGTHS',
    );
  if (lengths.length !== batch) {
    throw new ArgumentError(
      `[${where}] expected ${batch} lengths, one for each sequence of the batch, got ${lengths.length}`,
      'INVALID_LENGTHS',
    );
  }
  for (let n = 0; n < batch; n++) {
    const length = lengths[n]!;
    if (!Number.isInteger(length) || length < 0 || length > steps) {
      throw new ArgumentError(
        `[${where}] lengths[${n}] is ${describe(length)}; expected an integer in 0…${steps}, the number of steps of x`,
        'INVALID_LENGTHS',
      );
    }
  }
  return Int32Array.from(lengths);
}
