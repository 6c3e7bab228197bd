import { describe, DTypeError, type DType, type HostData } from '@timestep/backend-api';

const ranges: Readonly<Record<Exclude<DType, 'f32'>, readonly [number, number]>> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};

const native = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

/**
 * Throws unless `data` is an array or a typed array of numbers that `dtype` can hold: a fraction, a NaN or a number out
 * of range would silently become another integer. What is in the dtype's own typed array is not looked at.
 *
 * @throws DTypeError that names the first element
 */
export function checkHostData(where: string, dtype: DType, data: unknown): asserts data is HostData {
  if (data instanceof native[dtype]) return;
  if (!Array.isArray(data) && (!ArrayBuffer.isView(data) || data instanceof DataView))
    throw new DTypeError(`[${where}] expected an array or a typed array of numbers, got ${describe(data)}`);
  const values = data as ArrayLike<unknown>;
  // A typed array holds numbers throughout, or bigints throughout.
  if (dtype === 'f32' && !Array.isArray(data) && typeof values[0] !== 'bigint') return;
  const [least, greatest] = dtype === 'f32' ? [NaN, NaN] : ranges[dtype];
  for (let n = 0; n < values.length; n++) {
    const value = values[n];
    if (typeof value !== 'number')
      throw new DTypeError(`[${where}] expected numbers, got ${describe(value)} (a ${typeof value}) at element ${n}`);
    if (dtype !== 'f32' && !(Number.isInteger(value) && value >= least && value <= greatest))
      throw new DTypeError(
        `[${where}] expected whole numbers in ${least}…${greatest} for dtype ${dtype}, got ${value} at element ${n}; round it first, or use dtype f32`,
      );
  }
}
