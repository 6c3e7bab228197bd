import {
  widenBfloat16,
  widenFloat16,
  widenFloat8,
  type SafetensorsDType,
  type SafetensorsTensor,
} from '@timestep/safetensors';
import { show } from '@timestep/core/extend';
import { InteropError, ensure } from '../errors.ts';

/** An element type of PyTorch: its name in safetensors and the bytes of an element. */
interface ElementType {
  readonly dtype: SafetensorsDType;
  readonly bytes: number;
}

const types: Readonly<Record<string, ElementType>> = {
  float32: { dtype: 'F32', bytes: 4 },
  float64: { dtype: 'F64', bytes: 8 },
  float16: { dtype: 'F16', bytes: 2 },
  bfloat16: { dtype: 'BF16', bytes: 2 },
  int64: { dtype: 'I64', bytes: 8 },
  int32: { dtype: 'I32', bytes: 4 },
  int16: { dtype: 'I16', bytes: 2 },
  int8: { dtype: 'I8', bytes: 1 },
  uint8: { dtype: 'U8', bytes: 1 },
  uint16: { dtype: 'U16', bytes: 2 },
  uint32: { dtype: 'U32', bytes: 4 },
  uint64: { dtype: 'U64', bytes: 8 },
  bool: { dtype: 'BOOL', bytes: 1 },
  float8_e4m3fn: { dtype: 'F8_E4M3', bytes: 1 },
  float8_e5m2: { dtype: 'F8_E5M2', bytes: 1 },
  complex64: { dtype: 'C64', bytes: 8 },
};

/** The storages of PyTorch by the name of their class. */
export const storageTypes: Readonly<Record<string, string>> = {
  FloatStorage: 'float32',
  DoubleStorage: 'float64',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  UntypedStorage: 'uint8',
};

/** The bytes that tensors share, and their element type. */
export class PtStorage {
  readonly type: string;
  readonly bytes: Uint8Array;

  constructor(type: string, bytes: Uint8Array) {
    this.type = type;
    this.bytes = bytes;
  }
}

/** The number of bytes that the tensors of a file may take together. */
export interface Budget {
  left: number;
}

/** A tensor of a file, with floats of 8 and 16 bits widened to f32. */
export class PtTensor {
  readonly tensor: SafetensorsTensor;

  constructor(tensor: SafetensorsTensor) {
    this.tensor = tensor;
  }
}

/** The layout of a tensor in its storage, in elements. */
export interface Layout {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/**
 * Returns the elements of a tensor in row-major order.
 *
 * @throws InteropError `INVALID_TENSOR`, `READ_LIMIT`, `UNSUPPORTED_MODEL`
 */
export function gatherTensor(
  storage: PtStorage,
  { offset, shape, strides }: Layout,
  type: string,
  budget: Budget,
): PtTensor {
  const element = Object.hasOwn(types, type) ? types[type] : undefined;
  if (!element)
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      `[pytorch] a tensor has the type ${type}, which cannot be read; save it as another type`,
    );
  const whole = [offset, ...shape, ...strides];
  const count = shape.reduce((product, length) => product * length, 1);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, offset);
  const fits =
    shape.length === strides.length &&
    whole.every((one) => Number.isSafeInteger(one) && one >= 0) &&
    (count === 0 || (last + 1) * element.bytes <= storage.bytes.length);
  ensure(
    fits,
    'INVALID_TENSOR',
    () =>
      `[pytorch] a tensor of shape ${show(shape)} with strides ${show(strides)} from element ${offset} on does not lie in its ${storage.bytes.length} bytes; the file is damaged`,
  );
  // Floats of half a word are widened.
  budget.left -= count * Math.max(element.bytes, 4);
  ensure(
    budget.left >= 0,
    'READ_LIMIT',
    () =>
      `[pytorch] the tensors, of which one has the shape ${show(shape)}, take more than ten times the file; save them with .contiguous() or .clone()`,
  );
  const packed = pack(storage.bytes, { offset, shape, strides }, element.bytes, count);
  return new PtTensor({ shape: [...shape], ...typed(packed, element.dtype) } as SafetensorsTensor);
}

/** Copies the elements to a contiguous array. */
function pack(bytes: Uint8Array, { offset, shape, strides }: Layout, size: number, count: number): ArrayBuffer {
  const isContiguous = shape.every(
    (length, axis) =>
      length === 1 || strides[axis] === shape.slice(axis + 1).reduce((product, one) => product * one, 1),
  );
  if (count === 0) return new ArrayBuffer(0);
  if (isContiguous) return bytes.slice(offset * size, (offset + count) * size).buffer;
  const packed = new Uint8Array(count * size);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < size; byte++) packed[to * size + byte] = bytes[from * size + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      from += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return packed.buffer;
}

function typed(
  buffer: ArrayBuffer,
  dtype: SafetensorsDType,
): { dtype: SafetensorsDType; data: SafetensorsTensor['data'] } {
  switch (dtype) {
    case 'F16':
      return { dtype: 'F32', data: widenFloat16(new Uint16Array(buffer)) };
    case 'BF16':
      return { dtype: 'F32', data: widenBfloat16(new Uint16Array(buffer)) };
    case 'F8_E4M3':
    case 'F8_E5M2':
      return { dtype: 'F32', data: widenFloat8(new Uint8Array(buffer), dtype) };
    case 'F64':
      return { dtype, data: new Float64Array(buffer) };
    case 'I64':
      return { dtype, data: new BigInt64Array(buffer) };
    case 'U64':
      return { dtype, data: new BigUint64Array(buffer) };
    case 'I32':
      return { dtype, data: new Int32Array(buffer) };
    case 'U32':
      return { dtype, data: new Uint32Array(buffer) };
    case 'I16':
      return { dtype, data: new Int16Array(buffer) };
    case 'U16':
      return { dtype, data: new Uint16Array(buffer) };
    case 'I8':
      return { dtype, data: new Int8Array(buffer) };
    case 'U8':
    case 'BOOL':
      return { dtype, data: new Uint8Array(buffer) };
    default:
      return { dtype, data: new Float32Array(buffer) };
  }
}
