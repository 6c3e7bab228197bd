import { elementTypes } from '../types.ts';

/** An element type of ONNX that is supported. */
export type ElementType = keyof typeof elementTypes;

/** The storage of numbers of an element type on the host. */
export type HostNumbers =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

interface Description {
  readonly kind: 'float' | 'integer' | 'bool';
  readonly bytes: number;
  /** The dtype on a device, where 64-bit integers must fit into 32 bits. */
  readonly dtype: 'f32' | 'i32' | 'u32';
  readonly hold: (length: number) => HostNumbers;
  readonly read: (view: DataView, at: number) => number;
}

const f32 = (length: number) => new Float32Array(length);
const f64 = (length: number) => new Float64Array(length);

/**
 * The properties of each element type. 64-bit integers are stored as doubles, which are exact up to 2⁵³; arithmetic
 * beyond that is refused. Narrower types use a typed array of the same width, which wraps around like ONNX.
 */
export const descriptions: Readonly<Record<ElementType, Description>> = {
  f32: { kind: 'float', bytes: 4, dtype: 'f32', hold: f32, read: (view, at) => view.getFloat32(at, true) },
  f64: { kind: 'float', bytes: 8, dtype: 'f32', hold: f64, read: (view, at) => view.getFloat64(at, true) },
  f16: { kind: 'float', bytes: 2, dtype: 'f32', hold: f32, read: (view, at) => fromHalf(view.getUint16(at, true)) },
  bf16: { kind: 'float', bytes: 2, dtype: 'f32', hold: f32, read: (view, at) => fromBrain(view.getUint16(at, true)) },
  i8: integer(
    1,
    'i32',
    (length) => new Int8Array(length),
    (view, at) => view.getInt8(at),
  ),
  u8: integer(
    1,
    'u32',
    (length) => new Uint8Array(length),
    (view, at) => view.getUint8(at),
  ),
  i16: integer(
    2,
    'i32',
    (length) => new Int16Array(length),
    (view, at) => view.getInt16(at, true),
  ),
  u16: integer(
    2,
    'u32',
    (length) => new Uint16Array(length),
    (view, at) => view.getUint16(at, true),
  ),
  i32: integer(
    4,
    'i32',
    (length) => new Int32Array(length),
    (view, at) => view.getInt32(at, true),
  ),
  u32: integer(
    4,
    'u32',
    (length) => new Uint32Array(length),
    (view, at) => view.getUint32(at, true),
  ),
  i64: integer(8, 'i32', f64, (view, at) => Number(view.getBigInt64(at, true))),
  u64: integer(8, 'u32', f64, (view, at) => Number(view.getBigUint64(at, true))),
  bool: {
    kind: 'bool',
    bytes: 1,
    dtype: 'u32',
    hold: (length) => new Uint8Array(length),
    read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
  },
};

function integer(
  bytes: number,
  dtype: 'i32' | 'u32',
  hold: Description['hold'],
  read: Description['read'],
): Description {
  return { kind: 'integer', bytes, dtype, hold, read };
}

const names = new Map(Object.entries(elementTypes).map(([name, code]) => [code as number, name as ElementType]));

/** The type of a number in a file; undefined for strings, complex numbers and the types of 8 and 4 bits. */
export function elementTypeOf(code: number): ElementType | undefined {
  return names.get(code);
}

export function isFloat(type: ElementType): boolean {
  return descriptions[type].kind === 'float';
}

/** Converts numbers to a type: rounds, truncates or wraps them around. */
export function held(type: ElementType, values: ArrayLike<number>): HostNumbers {
  const numbers = descriptions[type].hold(values.length);
  const convert = conversions[type];
  if (convert) for (let n = 0; n < values.length; n++) numbers[n] = convert(values[n]!);
  else numbers.set(values);
  return numbers;
}

const conversions: Partial<Record<ElementType, (value: number) => number>> = {
  bool: (value) => (value === 0 ? 0 : 1),
  i64: (value) => (Number.isNaN(value) ? 0 : Math.trunc(value)),
  u64: (value) => (Number.isNaN(value) ? 0 : Math.trunc(value)),
  f16: (value) => roundTo(value, 10, -24, 65_504),
  bf16: (value) => roundTo(value, 7, -133, 3.3895313892515355e38),
};

/** The nearest number with `bits` bits after the first, ties to even; infinite beyond the greatest. */
function roundTo(value: number, bits: number, least: number, greatest: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), least + bits);
  const unit = 2 ** (exponent - bits);
  const rounded = toEven(value / unit) * unit;
  return Math.abs(rounded) > greatest ? Math.sign(value) * Infinity : rounded;
}

/** The nearest integer, ties to even. */
export function toEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

function fromBrain(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
