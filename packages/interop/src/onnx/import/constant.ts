import { ensure } from '../../errors.ts';
import type { TensorProto } from '../proto/onnx.generated.ts';
import { elementTypes } from '../types.ts';

/** An initialiser on the host: floats, or whole numbers (masks among them). */
export type Constant = { readonly shape: readonly number[] } & (
  { readonly kind: 'float'; readonly data: Float32Array } | { readonly kind: 'integer'; readonly data: Float64Array }
);

const raw = {
  [elementTypes.f32]: { bytes: 4, kind: 'float', read: (view: DataView, at: number) => view.getFloat32(at, true) },
  [elementTypes.f64]: { bytes: 8, kind: 'float', read: (view: DataView, at: number) => view.getFloat64(at, true) },
  [elementTypes.i64]: {
    bytes: 8,
    kind: 'integer',
    read: (view: DataView, at: number) => Number(view.getBigInt64(at, true)),
  },
  [elementTypes.i32]: { bytes: 4, kind: 'integer', read: (view: DataView, at: number) => view.getInt32(at, true) },
  [elementTypes.u8]: { bytes: 1, kind: 'integer', read: (view: DataView, at: number) => view.getUint8(at) },
  [elementTypes.i8]: { bytes: 1, kind: 'integer', read: (view: DataView, at: number) => view.getInt8(at) },
  [elementTypes.bool]: { bytes: 1, kind: 'integer', read: (view: DataView, at: number) => view.getUint8(at) },
} as const;

/**
 * Reads an initialiser. No more is allocated than the file holds: the shape is compared with the bytes first.
 *
 * @throws InteropError `MALFORMED_FILE` where shape and contents disagree, `UNSUPPORTED_MODEL` for another element type
 */
export function readConstant(where: string, proto: TensorProto): Constant {
  const { dataType } = proto;
  const type = raw[dataType as keyof typeof raw] as (typeof raw)[keyof typeof raw] | undefined;
  ensure(
    type !== undefined,
    'UNSUPPORTED_MODEL',
    () => `[onnx] ${where} has element type ${dataType}; floats of 32 and 64 bits, whole numbers and booleans are read`,
  );
  ensure(
    proto.dataLocation === 0,
    'UNSUPPORTED_MODEL',
    () => `[onnx] ${where} is kept in another file; save the model as one file`,
  );
  const shape = proto.dims.map(Number);
  const count = shape.reduce((product, length) => product * length, 1);
  const sane = shape.every((length) => Number.isSafeInteger(length) && length >= 0) && Number.isSafeInteger(count);
  ensure(sane, 'MALFORMED_FILE', () => `[onnx] ${where} has the shape [${shape.join(', ')}], which no tensor can have`);
  // Weights as exporters write them: the bytes of their floats, aligned by a copy.
  if (proto.dataType === elementTypes.f32 && proto.rawData.length === 4 * count)
    return { shape, kind: 'float', data: new Float32Array(proto.rawData.slice().buffer) };
  const values = valuesOf(proto, type, count);
  ensure(
    values.length === count,
    'MALFORMED_FILE',
    () =>
      `[onnx] ${where} of shape [${shape.join(', ')}] needs ${count} values, the file holds ${values.length}; it is damaged`,
  );
  if (type.kind === 'float') return { shape, kind: 'float', data: Float32Array.from(values) };
  return { shape, kind: 'integer', data: Float64Array.from(values) };
}

function valuesOf(
  { rawData, floatData, doubleData, int32Data, int64Data, dataType }: TensorProto,
  { bytes, read }: (typeof raw)[keyof typeof raw],
  count: number,
): ArrayLike<number> {
  if (rawData.length > 0 || count === 0) {
    if (rawData.length !== count * bytes)
      return { length: Math.floor(rawData.length / bytes) + (rawData.length % bytes === 0 ? 0 : 0.5) };
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    const values = new Float64Array(count);
    for (let n = 0; n < count; n++) values[n] = read(view, n * bytes);
    return values;
  }
  if (dataType === elementTypes.f32) return floatData;
  if (dataType === elementTypes.f64) return doubleData;
  return dataType === elementTypes.i64 ? int64Data.map(Number) : int32Data;
}
