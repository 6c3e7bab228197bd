import { ArgumentError, cast, describe, full, notEqual, Tensor } from '@timestep/core';
import { ensure } from '../../errors.ts';
import type { ValueInfoProto } from '../proto/onnx.generated.ts';
import type { OnnxDimension } from '../types.ts';
import { typeName } from './constant.ts';
import { descriptions, elementTypeOf, isFloat, type ElementType } from './element-type.ts';
import { DeviceValue, HostValue, show, sizeOf, type Value } from './value.ts';

/** An input or output of an imported model. */
export interface OnnxPort {
  readonly name: string;
  /** Numbers for axes of fixed length, names or '' for free ones; null if the file does not specify the shape. */
  readonly shape: readonly OnnxDimension[] | null;
}

/** A list of numbers. */
export type OnnxNumbers =
  | readonly number[]
  | readonly bigint[]
  | readonly boolean[]
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/**
 * A value for an input of `forward`: a tensor, or numbers on the host, such as lengths, tokens or a mask. Numbers are a
 * single number, a list, or a list with its shape. Integers on the host are exact up to 2⁵³.
 */
export type OnnxFeed =
  Tensor | number | bigint | boolean | OnnxNumbers | { readonly data: OnnxNumbers; readonly shape: readonly number[] };

/** An input with the type of its elements. */
export interface Port extends OnnxPort {
  readonly type: ElementType | null;
}

/** @throws InteropError `UNSUPPORTED_MODEL` for an input that is not a tensor of numbers */
export function portOf({ name, type }: ValueInfoProto): Port {
  const { tensorType } = type ?? {};
  ensure(
    type === undefined || tensorType !== undefined,
    'UNSUPPORTED_MODEL',
    () => `[onnx] '${name}' is a sequence, a map or an optional value; tensors can be read`,
  );
  const code = tensorType?.elemType ?? 0;
  const element = elementTypeOf(code);
  ensure(
    element !== undefined || code === 0,
    'UNSUPPORTED_MODEL',
    () => `[onnx] '${name}' has ${typeName(code)}; floats, integers and booleans can be read`,
  );
  const shape =
    tensorType?.shape?.dim.map(({ value }) =>
      value.case === 'dimValue' ? Number(value.value) : (value.value ?? ''),
    ) ?? null;
  return { name, shape, type: element ?? null };
}

/**
 * Converts a value from the user.
 *
 * @throws ArgumentError if it has no numbers, or if its type or shape is not that of the input
 */
export function valueOf(port: Port, feed: OnnxFeed): Value {
  const value = feed instanceof Tensor ? fromTensor(port, feed) : fromHost(port, feed);
  const { shape } = port;
  const fits =
    shape === null ||
    (value.shape.length === shape.length &&
      shape.every((length, axis) => typeof length === 'string' || length === value.shape[axis]));
  if (!fits)
    throw new ArgumentError(
      `[onnx] expected the input ${port.name} of shape [${shape.join(', ')}], got ${show(value.shape)}`,
      'SHAPE_MISMATCH',
    );
  return value;
}

function fromTensor(port: Port, given: Tensor): Value {
  const type = port.type ?? ({ f32: 'f32', i32: 'i32', u32: 'u32' } as const)[given.dtype];
  if (isFloat(type) !== (given.dtype === 'f32'))
    throw new ArgumentError(
      `[onnx] expected the input ${port.name} as a tensor of ${isFloat(type) ? 'f32' : 'i32'}, got ${given.dtype}; use cast(tensor, …)`,
      'DTYPE_MISMATCH',
    );
  const { dtype } = descriptions[type];
  if (type === 'bool')
    return new DeviceValue(type, notEqual(given, full(given.backend, [], 0, { dtype: given.dtype })));
  return new DeviceValue(type, given.dtype === dtype ? given : cast(given, dtype));
}

function fromHost(port: Port, feed: Exclude<OnnxFeed, Tensor>): HostValue {
  const fail = (): never => {
    throw new ArgumentError(
      `[onnx] expected the input ${port.name} as a tensor, numbers, or { data, shape }, got ${describe(feed)}`,
    );
  };
  const given: unknown = feed;
  const single = typeof given === 'number' || typeof given === 'bigint' || typeof given === 'boolean';
  const pair = isRecord(given) && !isList(given) ? given : null;
  if (pair && !(isList(pair['data']) && Array.isArray(pair['shape']))) return fail();
  const list = single ? [given] : pair ? (pair['data'] as OnnxNumbers) : isList(given) ? given : fail();
  const numbers = Array.from(list, (value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'boolean') return fail();
    return Number(value);
  });
  const shape = pair
    ? (pair['shape'] as number[])
    : single || (port.shape?.length === 0 && numbers.length === 1)
      ? []
      : [numbers.length];
  if (!shape.every((length) => Number.isInteger(length) && length >= 0) || sizeOf(shape) !== numbers.length)
    throw new ArgumentError(
      `[onnx] expected the input ${port.name} with ${numbers.length} numbers in a shape that holds them, got ${show(shape)}`,
      'SHAPE_MISMATCH',
    );
  const type = port.type ?? (numbers.every(Number.isInteger) ? 'i64' : 'f32');
  checkWhole(port.name, type, numbers);
  return HostValue.of(type, shape, numbers);
}

function checkWhole(name: string, type: ElementType, numbers: readonly number[]): void {
  if (isFloat(type)) return;
  const wide = 8 * descriptions[type].bytes;
  const [least, greatest] =
    type === 'bool'
      ? [0, 1]
      : type.startsWith('u')
        ? [0, Math.min(2 ** wide - 1, Number.MAX_SAFE_INTEGER)]
        : [
            Math.max(-(2 ** (wide - 1)), Number.MIN_SAFE_INTEGER),
            Math.min(2 ** (wide - 1) - 1, Number.MAX_SAFE_INTEGER),
          ];
  const wrong = numbers.find((value) => !Number.isInteger(value) || value < least || value > greatest);
  if (wrong !== undefined)
    throw new ArgumentError(`[onnx] expected the input ${name} to have integers in ${least}…${greatest}, got ${wrong}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
