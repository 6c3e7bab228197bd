import type { LoadableTensor } from '@timestep/layers';
import type { SafetensorsTensor } from '@timestep/safetensors';
import { InteropError } from '../errors.ts';

/**
 * Converts a tensor of a file for a layer: floats to f32, integers and masks to i32.
 *
 * @throws InteropError `INVALID_TENSOR` for a float beyond float32 and an integer beyond int32
 */
export function toLoadable(name: string, { dtype, shape, data }: SafetensorsTensor): LoadableTensor {
  if (dtype === 'C64')
    throw new InteropError(
      'INVALID_TENSOR',
      `[pytorch] tensor '${name}' contains complex numbers, which no layer supports; map it to null to leave it out`,
    );
  if (data instanceof Float32Array) return { shape, data };
  if (data instanceof Float64Array) return { shape, data: narrowed(name, data) };
  if (dtype === 'F16' || dtype === 'BF16' || dtype.startsWith('F8'))
    throw new InteropError(
      'INVALID_TENSOR',
      `[pytorch] tensor '${name}' holds the bits of ${dtype}; read the file with { widen: true }`,
    );
  if (data instanceof Uint32Array) return { shape, data };
  const integers = Int32Array.from(data as Iterable<number | bigint>, Number);
  const lost = integers.findIndex((value, n) => BigInt(value) !== BigInt(data[n]!));
  if (lost >= 0)
    throw new InteropError(
      'INVALID_TENSOR',
      `[pytorch] tensor '${name}' of ${dtype} holds ${data[lost]} at ${lost}, beyond the int32 that tensors have here; save it as a smaller type`,
    );
  return { shape, data: integers };
}

function narrowed(name: string, data: Float64Array): Float32Array {
  const floats = Float32Array.from(data);
  const lost = floats.findIndex((value, n) => !Number.isFinite(value) && Number.isFinite(data[n]!));
  if (lost >= 0)
    throw new InteropError(
      'INVALID_TENSOR',
      `[pytorch] tensor '${name}' holds ${data[lost]} at ${lost}, beyond float32; scale it before saving`,
    );
  return floats;
}
