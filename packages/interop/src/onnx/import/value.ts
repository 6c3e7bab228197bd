import { tensor, type Backend, type Tensor } from '@timestep/core';
import { InteropError, ensure } from '../../errors.ts';

/** Whole numbers on the host: sizes, axes and lengths, which are computed with before any tensor is made. */
export class HostIntegers {
  readonly shape: readonly number[];
  readonly data: readonly number[];

  constructor(shape: readonly number[], data: readonly number[]) {
    this.shape = shape;
    this.data = data;
  }
}

/** A value between two nodes. */
export type Value = Tensor | HostIntegers;

/** More whole numbers than any model computes its sizes with; a damaged file may ask for more. */
export const maxHostIntegers = 2 ** 20;
/** A tensor that a file may ask for by its shape alone, without bringing its contents: 256 MB. */
export const maxFilledElements = 2 ** 26;

export function isHost(value: Value): value is HostIntegers {
  return value instanceof HostIntegers;
}

export function checkHostSize(where: string, shape: readonly number[], limit = maxHostIntegers): number {
  const count = shape.reduce((product, length) => product * length, 1);
  ensure(
    shape.every((length) => Number.isInteger(length) && length >= 0),
    'MALFORMED_FILE',
    () => `[onnx] ${where} makes the shape [${shape.join(', ')}], which no tensor can have`,
  );
  ensure(
    count <= limit,
    'READ_LIMIT',
    () => `[onnx] ${where} asks for ${count} elements of one value, the limit is ${limit}; the file is damaged`,
  );
  return count;
}

/** The tensor, or the numbers brought to the device as i32. */
export function onDevice(backend: Backend, value: Value): Tensor {
  return isHost(value) ? tensor(backend, Int32Array.from(value.data), { shape: value.shape }) : value;
}

/** Numbers that must be known before the node runs. */
export function onHost(where: string, what: string, value: Value | null | undefined): HostIntegers {
  if (value instanceof HostIntegers) return value;
  const got = value ? 'a tensor on the device' : 'nothing';
  throw new InteropError(
    'UNSUPPORTED_MODEL',
    `[onnx] ${where} needs its ${what} as numbers on the host, got ${got}; pass lengths and the like to forward() as arrays`,
  );
}

/** The shape that both broadcast to, and the place in each operand that each element of it comes from. */
export function broadcastHost(
  where: string,
  a: HostIntegers,
  b: HostIntegers,
  combine: (x: number, y: number) => number,
): HostIntegers {
  const rank = Math.max(a.shape.length, b.shape.length);
  const padded = [a, b].map(({ shape }) => [...Array.from({ length: rank - shape.length }, () => 1), ...shape]);
  const shape = padded[0]!.map((length, axis) => {
    const other = padded[1]![axis]!;
    ensure(
      length === other || length === 1 || other === 1,
      'MALFORMED_FILE',
      () =>
        `[onnx] ${where} meets the shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}], which do not broadcast`,
    );
    return length === 1 ? other : length;
  });
  const count = checkHostSize(where, shape);
  const read = ({ data }: HostIntegers, own: readonly number[], flat: number): number => {
    let [rest, place, stride] = [flat, 0, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const at = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (own[axis]! > 1) place += at * stride;
      stride *= own[axis]!;
    }
    return data[place]!;
  };
  return new HostIntegers(
    shape,
    Array.from({ length: count }, (_, flat) => combine(read(a, padded[0]!, flat), read(b, padded[1]!, flat))),
  );
}
