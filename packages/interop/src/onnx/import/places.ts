import { concat, full, gatherRows, reshape } from '@timestep/core';
import { descriptions } from './element-type.ts';
import type { Call } from './operator.ts';
import { DeviceValue, HostValue, isHost, sizeOf, type Value } from './value.ts';

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Strides that broadcast a value of `shape` to `to`: 0 along broadcast axes. */
export function broadcastStridesOf(shape: readonly number[], to: readonly number[]): number[] {
  const own = stridesOf(shape);
  const lead = to.length - shape.length;
  return to.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead]!));
}

/** The position of each element of a strided view: offset + Σ index·stride. */
export function stridedPlaces(shape: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  const places = new Int32Array(sizeOf(shape));
  if (places.length === 0) return places;
  const index = new Array<number>(shape.length).fill(0);
  let place = offset;
  for (let n = 0; n < places.length; n++) {
    places[n] = place;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      place -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return places;
}

/** Calls `body` with the index of every element, in order. The array with the index is reused. */
export function eachIndex(shape: readonly number[], body: (index: readonly number[], flat: number) => void): void {
  const count = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  for (let flat = 0; flat < count; flat++) {
    body(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/**
 * Makes a value from the elements of `value` at given positions; −1 means `fill`. It is differentiable on the device. Every
 * operation that only moves elements can be written this way.
 */
export function picked(call: Call, value: Value, shape: readonly number[], places: Int32Array, fill = 0): Value {
  if (isHost(value)) {
    const data = descriptions[value.type].hold(places.length);
    for (let n = 0; n < places.length; n++) data[n] = places[n]! < 0 ? fill : value.data[places[n]!]!;
    return new HostValue(value.type, shape, data);
  }
  const { tensor } = value;
  const holes = places.includes(-1);
  const flat = reshape(tensor, [tensor.size]);
  const table = holes ? concat([flat, full(tensor.backend, [1], fill, { dtype: tensor.dtype })]) : flat;
  const index = holes ? places.map((place) => (place < 0 ? tensor.size : place)) : places;
  if (index.length === 0) return new DeviceValue(value.type, full(tensor.backend, shape, 0, { dtype: tensor.dtype }));
  return new DeviceValue(value.type, reshape(gatherRows(table, call.places(index, [index.length])), shape));
}
