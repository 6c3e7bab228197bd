import { ArgumentError, describe } from '@timestep/backend-api';

/** The arrays that `checkLengths` has made, with the longest length of each: they are right wherever they come next. */
const checked = new WeakMap<object, number>();

/**
 * Checks the lengths of a batch and brings them to an Int32Array; null where every sequence has all steps. An array
 * that it returned is returned again as it is, so that lengths are checked once on their way through a model and a
 * backend knows them again. Do not change its elements.
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
  const longest = checked.get(lengths);
  // Only arrays made below are among them.
  if (longest !== undefined && longest <= steps && lengths.length === batch) return lengths as Int32Array;
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
  const own = Int32Array.from(lengths);
  checked.set(
    own,
    own.reduce((most, length) => Math.max(most, length), 0),
  );
  return own;
}
