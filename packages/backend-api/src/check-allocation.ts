import { bytesPerElement, type DType } from './dtype.ts';
import { ArgumentError, OutOfMemoryError } from './errors.ts';
import { describe } from './check-options.ts';

/**
 * The bytes of a buffer that a backend is asked for. Every `alloc` begins with it: sizes past a limit would be cut to
 * 32 bits further down.
 *
 * @param where the name of the backend, for the message
 * @param maxBytes the largest buffer: `capabilities.maxBufferBytes`
 * @throws ArgumentError for a dtype that there is not, or a length that is no whole number of at least 0;
 *   OutOfMemoryError for more than `maxBytes`
 */
export function checkAllocation(where: string, dtype: DType, length: number, maxBytes: number): number {
  const size = Object.hasOwn(bytesPerElement, dtype) ? bytesPerElement[dtype] : 0;
  if (size === 0)
    throw new ArgumentError(
      `[${where}] expected a dtype, one of ${Object.keys(bytesPerElement).join(', ')}, got ${describe(dtype)}`,
    );
  if (!Number.isInteger(length) || length < 0)
    throw new ArgumentError(`[${where}] expected a length, a whole number of at least 0, got ${describe(length)}`);
  const bytes = length * size;
  if (bytes > maxBytes)
    throw new OutOfMemoryError(
      `[${where}] a buffer of ${bytes} bytes was asked for, and one holds at most ${maxBytes}; use smaller sizes, a smaller batch or shorter sequences`,
      bytes,
    );
  return bytes;
}
