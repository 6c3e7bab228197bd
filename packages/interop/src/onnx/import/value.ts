import { tensor, type Backend, type Tensor } from '@timestep/core';
import { ensure } from '../../errors.ts';
import { descriptions, held, isFloat, type ElementType, type HostNumbers } from './element-type.ts';

/**
 * Numbers on the host: constants, sizes, axes, lengths and masks.
 */
export class HostValue {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: HostNumbers;

  constructor(type: ElementType, shape: readonly number[], data: HostNumbers) {
    this.type = type;
    this.shape = shape;
    this.data = data;
  }

  /** Converts the numbers to the type. */
  static of(type: ElementType, shape: readonly number[], values: ArrayLike<number>): HostValue {
    return new HostValue(type, shape, held(type, values));
  }

  /** A list of integers, such as a shape. */
  static list(values: ArrayLike<number>): HostValue {
    return HostValue.of('i64', [values.length], values);
  }
}

/** A tensor of the backend, with its ONNX type. */
export class DeviceValue {
  readonly type: ElementType;
  readonly tensor: Tensor;

  constructor(type: ElementType, value: Tensor) {
    this.type = type;
    this.tensor = value;
  }

  get shape(): readonly number[] {
    return this.tensor.shape;
  }
}

/** A value between two nodes. */
export type Value = HostValue | DeviceValue;

export function isHost(value: Value | null | undefined): value is HostValue {
  return value instanceof HostValue;
}

/** The maximum number of elements of a value whose contents are not in the file: 64 MB. */
export const maxFilledElements = 2 ** 24;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** `[2, 3]`, for messages. */
export function show(shape: ArrayLike<number>): string {
  return `[${Array.from(shape).join(', ')}]`;
}

/**
 * Returns the number of elements of a shape, after checking it against the limit.
 *
 * @throws InteropError `MALFORMED_FILE`, `READ_LIMIT`
 */
export function checkSize(where: string, shape: readonly number[], limit = maxFilledElements): number {
  const count = sizeOf(shape);
  ensure(
    shape.every((length) => Number.isInteger(length) && length >= 0),
    'MALFORMED_FILE',
    () => `[onnx] ${where} has a result of the impossible shape ${show(shape)}; the file is damaged`,
  );
  ensure(
    count <= limit && shape.every((length) => length <= 2 ** 31),
    'READ_LIMIT',
    () =>
      `[onnx] ${where} has a result of ${count} elements, the limit is ${limit}; the file is damaged, or made for inputs of another size`,
  );
  return count;
}

/**
 * Copies numbers to the device: floats as f32, booleans as u32, integers as i32 or u32.
 *
 * @throws InteropError `INVALID_TENSOR` for an integer beyond 32 bits
 */
export function onDevice(where: string, backend: Backend, value: Value): Tensor {
  if (!isHost(value)) return value.tensor;
  const { type, shape, data } = value;
  const { dtype } = descriptions[type];
  if (dtype === 'f32') return tensor(backend, Float32Array.from(data), { shape });
  const [least, greatest] = dtype === 'i32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  const outside =
    descriptions[type].bytes === 8 ? data.find((number) => number < least || number > greatest) : undefined;
  ensure(
    outside === undefined,
    'INVALID_TENSOR',
    () => `[onnx] ${where} holds ${outside}, which ${dtype} cannot; integers on a device have 32 bits`,
  );
  return tensor(backend, dtype === 'i32' ? Int32Array.from(data) : Uint32Array.from(data), { shape });
}

/** Copies a value to the host if the backend can be read synchronously; null otherwise. */
export function copyToHost(value: Value): HostValue | null {
  if (isHost(value)) return value;
  const { backend, buffer, shape } = value.tensor;
  if (!backend.hostView) return null;
  // A view is valid until the next allocation.
  return HostValue.of(value.type, shape, backend.hostView(buffer).slice());
}

/** The shape to which shapes broadcast, by NumPy's rule; null if they do not. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] | null {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const lead = rank - shape.length;
    for (const [k, length] of shape.entries()) {
      if (length === 1) continue;
      const other = result[k + lead]!;
      if (other !== 1 && other !== length) return null;
      result[k + lead] = length;
    }
  }
  return result;
}

/** Whether numbers of a type are computed on the device, with gradients. */
export function isDeviceFloat(value: Value): value is DeviceValue {
  return !isHost(value) && isFloat(value.type);
}
