import { concat, reshape, slice, transpose } from '@timestep/core';
import type { Call } from '../operator.ts';
import { picked, stridedPlaces, stridesOf } from '../places.ts';
import { HostValue, isHost, show, sizeOf, type Value } from '../value.ts';

/** Reshapes a value. */
export function reshaped(call: Call, value: Value, shape: readonly number[]): Value {
  return isHost(value)
    ? new HostValue(value.type, shape, value.data)
    : call.device(value.type, reshape(value.tensor, shape));
}
/** Permutes the axes of a value. */
export function transposed(call: Call, value: Value, order: readonly number[]): Value {
  if (!isHost(value)) return call.device(value.type, transpose(value.tensor, order));
  const strides = stridesOf(value.shape);
  const shape = order.map((axis) => value.shape[axis]!);
  return picked(
    call,
    value,
    shape,
    stridedPlaces(
      shape,
      order.map((axis) => strides[axis]!),
    ),
  );
}

/** Concatenates values along an axis. */
export function joinedAlong(call: Call, values: readonly Value[], axis: number): Value {
  const type = call.sameType(values);
  const first = values[0]!.shape;
  const odd = values.find(
    ({ shape }) => shape.length !== first.length || shape.some((length, k) => k !== axis && length !== first[k]),
  );
  call.ensure(odd === undefined, () => `joins the shapes ${show(first)} and ${show(odd!.shape)} along axis ${axis}`);
  const shape = first.toSpliced(
    axis,
    1,
    values.reduce((sum, value) => sum + value.shape[axis]!, 0),
  );
  if (!values.every(isHost))
    return call.device(
      type,
      concat(
        values.map((value) => call.put(value)),
        axis,
      ),
    );
  const outer = sizeOf(shape.slice(0, axis));
  const result = HostValue.of(type, shape, new Float64Array(call.size(shape)));
  let at = 0;
  for (let row = 0; row < outer; row++) {
    for (const { data } of values) {
      const width = data.length / outer;
      result.data.set(data.subarray(row * width, (row + 1) * width), at);
      at += width;
    }
  }
  return result;
}

/** `start…end − 1` along an axis. */
export function cutAlong(call: Call, value: Value, axis: number, start: number, end: number): Value {
  if (!isHost(value)) return call.device(value.type, slice(value.tensor, axis, start, end));
  return strided(call, value, value.shape.toSpliced(axis, 1, end - start), stridesOf(value.shape), [[axis, start]]);
}

export function strided(
  call: Call,
  value: Value,
  shape: readonly number[],
  strides: readonly number[],
  starts: readonly (readonly [number, number])[],
): Value {
  const own = stridesOf(value.shape);
  const offset = starts.reduce((sum, [axis, start]) => sum + start * own[axis]!, 0);
  call.size(shape);
  return picked(call, value, shape, stridedPlaces(shape, strides, offset));
}
/** Selects elements by a list of positions per axis; −1 is a position outside. */
export function crossed(call: Call, value: Value, lists: readonly (readonly number[])[], fill = 0): Value {
  const strides = stridesOf(value.shape);
  const shape = lists.map(({ length }) => length);
  call.size(shape);
  let places = Int32Array.of(0);
  for (const [axis, list] of lists.entries()) {
    const next = new Int32Array(places.length * list.length);
    let n = 0;
    for (const place of places)
      for (const step of list) next[n++] = place < 0 || step < 0 ? -1 : place + step * strides[axis]!;
    places = next;
  }
  return picked(call, value, shape, places, fill);
}
