/**
 * The typed array for each element type. Floats of 16 and 8 bits are stored as bit patterns, `BOOL` as a byte 0 or 1,
 * and `C64` as two numbers: the real and the imaginary part.
 */
export interface DTypeArrays {
  U64: BigUint64Array;
  I64: BigInt64Array;
  F64: Float64Array;
  C64: Float32Array;
  F32: Float32Array;
  U32: Uint32Array;
  I32: Int32Array;
  BF16: Uint16Array;
  F16: Uint16Array;
  U16: Uint16Array;
  I16: Int16Array;
  F8_E5M2FNUZ: Uint8Array;
  F8_E4M3FNUZ: Uint8Array;
  F8_E8M0: Uint8Array;
  F8_E4M3: Uint8Array;
  F8_E5M2: Uint8Array;
  I8: Int8Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** The name of an element type, as in the header. */
export type SafetensorsDType = keyof DTypeArrays;

interface ArrayConstructor<A> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
}

interface DTypeInfo<A> {
  readonly bytes: number;
  readonly array: ArrayConstructor<A>;
}

/** Every element type, in the order in which the reference implementation stores tensors: widest alignment first. */
export const dtypes: { readonly [D in SafetensorsDType]: DTypeInfo<DTypeArrays[D]> } = {
  U64: { bytes: 8, array: BigUint64Array },
  I64: { bytes: 8, array: BigInt64Array },
  F64: { bytes: 8, array: Float64Array },
  C64: { bytes: 8, array: Float32Array },
  F32: { bytes: 4, array: Float32Array },
  U32: { bytes: 4, array: Uint32Array },
  I32: { bytes: 4, array: Int32Array },
  BF16: { bytes: 2, array: Uint16Array },
  F16: { bytes: 2, array: Uint16Array },
  U16: { bytes: 2, array: Uint16Array },
  I16: { bytes: 2, array: Int16Array },
  F8_E5M2FNUZ: { bytes: 1, array: Uint8Array },
  F8_E4M3FNUZ: { bytes: 1, array: Uint8Array },
  F8_E8M0: { bytes: 1, array: Uint8Array },
  F8_E4M3: { bytes: 1, array: Uint8Array },
  F8_E5M2: { bytes: 1, array: Uint8Array },
  I8: { bytes: 1, array: Int8Array },
  U8: { bytes: 1, array: Uint8Array },
  BOOL: { bytes: 1, array: Uint8Array },
};

const layoutOrder = new Map(Object.keys(dtypes).map((dtype, index) => [dtype, index]));

/** The number of array elements per tensor element: 2 for a complex type. */
export function numbersPerElement(dtype: SafetensorsDType): number {
  const { bytes, array } = dtypes[dtype];
  return bytes / array.BYTES_PER_ELEMENT;
}

/** The position of tensors of this type in a file: smaller comes first. */
export function layoutRank(dtype: SafetensorsDType): number {
  return layoutOrder.get(dtype)!;
}

export function isDType(name: string): name is SafetensorsDType {
  return layoutOrder.has(name);
}

/** A tensor as in a file: row-major, little-endian. */
export type SafetensorsTensor = {
  [D in SafetensorsDType]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: DTypeArrays[D] };
}[SafetensorsDType];

/** The number of elements of a shape, or null if it exceeds the exactly representable integers. */
export function countElements(shape: readonly number[]): number | null {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return null;
    count *= size;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}
