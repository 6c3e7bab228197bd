import { ensure } from '../../errors.ts';
import type { TensorProto } from '../proto/onnx.generated.ts';
import { descriptions, elementTypeOf, held, type ElementType, type HostNumbers } from './element-type.ts';
import type { ExternalData } from './external-data.ts';
import { HostValue, show, sizeOf } from './value.ts';

/**
 * Reads a tensor of the file. It compares the shape with the bytes before it allocates memory.
 *
 * @throws InteropError `MALFORMED_FILE` if shape and contents do not match, `UNSUPPORTED_MODEL` for another element type,
 *   `MISSING_TENSOR` for contents in a file that was not passed
 */
export function readConstant(where: string, proto: TensorProto, external: ExternalData): HostValue {
  const type = elementTypeOf(proto.dataType);
  ensure(
    type !== undefined,
    'UNSUPPORTED_MODEL',
    () => `[onnx] ${where} has ${typeName(proto.dataType)}; floats, integers and booleans can be read`,
  );
  const shape = proto.dims.map(Number);
  const count = sizeOf(shape);
  const sane = shape.every((length) => Number.isSafeInteger(length) && length >= 0) && Number.isSafeInteger(count);
  ensure(sane, 'MALFORMED_FILE', () => `[onnx] ${where} has the impossible shape ${show(shape)}; the file is damaged`);
  const raw = proto.dataLocation === 0 ? proto.rawData : external.read(where, proto);
  const expect = (holds: number) =>
    ensure(
      holds === count,
      'MALFORMED_FILE',
      () => `[onnx] ${where} of shape ${show(shape)} needs ${count} values, the file holds ${holds}; it is damaged`,
    );
  if (raw.length > 0 || count === 0) {
    expect(raw.length / descriptions[type].bytes);
    return new HostValue(type, shape, fromBytes(type, raw, count));
  }
  const values = listed(type, proto);
  expect(values.length);
  return new HostValue(type, shape, held(type, values));
}

/** Element types that cannot be read, with their names in the specification. */
const others: Readonly<Record<number, string>> = {
  8: 'string',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
  25: 'uint2',
  26: 'int2',
};

/** The name of an element type that cannot be read, for messages. */
export function typeName(code: number): string {
  return `element type ${others[code] ?? code}`;
}

function fromBytes(type: ElementType, raw: Uint8Array, count: number): HostNumbers {
  // The usual form of weights: the bytes of floats. The copy aligns them.
  if (type === 'f32') return new Float32Array(Uint8Array.from(raw).buffer);
  const { hold, read, bytes } = descriptions[type];
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values = hold(count);
  for (let n = 0; n < count; n++) values[n] = read(view, n * bytes);
  return values;
}

function listed(type: ElementType, proto: TensorProto): ArrayLike<number> {
  const { floatData, doubleData, int32Data, int64Data, uint64Data } = proto;
  if (type === 'f32') return floatData;
  if (type === 'f64') return doubleData;
  if (type === 'i64') return int64Data.map(Number);
  if (type === 'u64' || type === 'u32') return uint64Data.map(Number);
  if (type !== 'f16' && type !== 'bf16') return int32Data;
  // The bits of a half-precision float, in one integer each.
  const bits = new DataView(Uint16Array.from(int32Data).buffer);
  return int32Data.map((_, n) => descriptions[type].read(bits, 2 * n));
}
