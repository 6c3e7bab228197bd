import { descriptions, type ElementType } from './element-type.ts';
import type { Call } from './operator.ts';
import { broadcastStridesOf, stridedPlaces } from './places.ts';
import { broadcastShape, HostValue, show } from './value.ts';

/** The limit of integers that a double represents exactly. */
const exact = Number.MAX_SAFE_INTEGER;

/** Applies a function to each number. */
export function mapHost(x: HostValue, map: (value: number) => number, type: ElementType = x.type): HostValue {
  return HostValue.of(type, x.shape, Float64Array.from(x.data, map));
}

/** The shape that values broadcast to. */
export function commonShape(call: Call, values: readonly { readonly shape: readonly number[] }[]): number[] {
  const shapes = values.map(({ shape }) => shape);
  const shape = broadcastShape(shapes);
  call.ensure(shape !== null, () => `has inputs of shape ${shapes.map(show).join(' and ')}, which do not broadcast`);
  call.size(shape);
  return shape;
}

/** Reads the numbers of a value broadcast to a shape. */
export function spreadHost(value: HostValue, shape: readonly number[]): (flat: number) => number {
  const { data } = value;
  if (data.length === 1) return () => data[0]!;
  if (value.shape.length === shape.length && value.shape.every((length, axis) => length === shape[axis]))
    return (flat) => data[flat]!;
  const places = stridedPlaces(shape, broadcastStridesOf(value.shape, shape));
  return (flat) => data[places[flat]!]!;
}

/** Combines two values, broadcast, element by element. */
export function zipHost(
  call: Call,
  a: HostValue,
  b: HostValue,
  type: ElementType,
  combine: (x: number, y: number) => number,
): HostValue {
  const shape = commonShape(call, [a, b]);
  const [left, right] = [spreadHost(a, shape), spreadHost(b, shape)];
  const values = new Float64Array(call.size(shape));
  for (let n = 0; n < values.length; n++) values[n] = combine(left(n), right(n));
  return HostValue.of(type, shape, values);
}

/** The same for integer arithmetic, which must stay exact. */
export function zipExact(call: Call, a: HostValue, b: HostValue, combine: (x: number, y: number) => number): HostValue {
  const { type } = a;
  if (descriptions[type].bytes < 8) return zipHost(call, a, b, type, combine);
  return zipHost(call, a, b, type, (x, y) => {
    const result = combine(x, y);
    if (!(Math.abs(x) <= exact && Math.abs(y) <= exact && Math.abs(result) <= exact))
      call.fail('INVALID_TENSOR', 'computes with integers beyond 2^53, which are not exact here');
    return result;
  });
}
