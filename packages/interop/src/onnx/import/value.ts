import { tensor, type Backend, type Tensor } from '@timestep/core';
import { ensure } from '../../errors.ts';
import { descriptions, held, isFloat, type ElementType, type HostNumbers } from './element-type.ts';

/**
 * Numbers on the host: constants, and the sizes, axes, lengths and masks that are computed with before any tensor is.
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

  /** A list of whole numbers, as ONNX has shapes. */
  static list(values: ArrayLike<number>): HostValue {
    return HostValue.of('i64', [values.length], values);
  }
}

/** A tensor of the backend, with the type that ONNX gives it. */
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

/** Elements of a value that a model may ask for by its shape alone, without bringing its contents: 64 MB. */
export const maxFilledElements = 2 ** 24;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** `[2, 3]`, for messages. */
export function show(shape: ArrayLike<number>): string {
  return `[${Array.from(shape).join(', ')}]`;
}

/**
 * The number of elements, once the shape is found to be one, and not to ask for more than the limit.
 *
 * @throws InteropError `MALFORMED_FILE`, `READ_LIMIT`
 */
export function checkSize(where: string, shape: readonly number[], limit = maxFilledElements): number {
  const count = sizeOf(shape);
  ensure(
    shape.every((length) => Number.isInteger(length) && length >= 0),
    'MALFORMED_FILE',
    () => `[onnx] ${where} makes the shape ${show(shape)}, which no tensor can have`,
  );
  ensure(
    count <= limit && shape.every((length) => length <= 2 ** 31),
    'READ_LIMIT',
    () =>
      `[onnx] ${where} asks for ${count} elements, the limit is ${limit}; the file is damaged, or made for inputs of another size`,
  );
  return count;
}

/**
 * The numbers on the device: floats as f32, booleans as u32, whole numbers as i32 or u32.
 *
 * @throws InteropError `INVALID_TENSOR` for a whole number beyond 32 bits
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
    () => `[onnx] ${where} holds ${outside}, which ${dtype} cannot; whole numbers on a device have 32 bits`,
  );
  return tensor(backend, dtype === 'i32' ? Int32Array.from(data) : Uint32Array.from(data), { shape });
}

/** A copy on the host, where the memory of the backend can be read at once; null elsewhere. */
export function copyToHost(value: Value): HostValue | null {
  if (isHost(value)) return value;
  const { backend, buffer, shape } = value.tensor;
  if (!backend.hostView) return null;
  // A view is valid until the next allocation.
  return HostValue.of(value.type, shape, backend.hostView(buffer).slice());
}

/** Both broadcast to this shape, by NumPy's rule; null where they don't. */
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

/** True for numbers that are computed with on the device, with gradients. */
export function isDeviceFloat(value: Value): value is DeviceValue {
  return !isHost(value) && isFloat(value.type);
}
