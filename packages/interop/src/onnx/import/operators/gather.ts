import {
  add,
  cast,
  full,
  gatherRows,
  less,
  maximum,
  minimum,
  multiply,
  select,
  transpose,
  type Tensor,
} from '@timestep/core';
import { isFloat } from '../element-type.ts';
import { zipExact } from '../host-math.ts';
import { operator, type Call, type Operators } from '../operator.ts';
import { eachIndex, picked, stridesOf } from '../places.ts';
import { HostValue, isHost, show, sizeOf, type Value } from '../value.ts';
import { crossed, joinedAlong, reshaped } from './arrange.ts';

/** Checks indices, which may count from the end, and converts them to count from the start. */
function counted(call: Call, index: HostValue, length: number): Int32Array {
  const wrong = index.data.find((place) => place < -length || place >= length);
  if (wrong !== undefined) call.fail('INVALID_TENSOR', `has the index ${wrong} for an axis of length ${length}`);
  return Int32Array.from(index.data, (place) => (place < 0 ? place + length : place));
}

function gather(call: Call): Value {
  const [x, index] = [call.value(0), call.value(1)];
  const axis = call.axis(call.node.int('axis', 0), x.shape.length);
  const shape = [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)];
  call.size(shape);
  const there = call.tryHost(index);
  const places = there && counted(call, there, x.shape[axis]!);
  if (isHost(x)) {
    const known = places ?? counted(call, call.host(index, 'indices'), x.shape[axis]!);
    const lists = x.shape.map((length, k) => (k === axis ? [...known] : Array.from({ length }, (_, n) => n)));
    return reshaped(call, crossed(call, x, lists), shape);
  }
  const rows = places ? call.places(places, index.shape) : fromEnd(call.put(index), x.shape[axis]!);
  if (axis === 0) return call.device(x.type, gatherRows(x.tensor, rows));
  const others = x.shape.map((_, k) => k).filter((k) => k !== axis);
  const y = gatherRows(transpose(x.tensor, [axis, ...others]), rows);
  // [index …, before …, after …] → [before …, index …, after …]
  const n = index.shape.length;
  const before = Array.from({ length: axis }, (_, k) => n + k);
  const middle = Array.from({ length: n }, (_, k) => k);
  const after = others.slice(axis).map((_, k) => n + axis + k);
  return call.device(x.type, transpose(y, [...before, ...middle, ...after]));
}

/** Converts indices on a device that cannot be read. Negative ones count from the end; the kernel checks their range. */
function fromEnd(index: Tensor, length: number): Tensor {
  const signed = index.dtype === 'i32' ? index : cast(index, 'i32');
  const [zero, size] = [0, length].map((value) => full(signed.backend, [], value, { dtype: 'i32' })) as [
    Tensor,
    Tensor,
  ];
  return select(less(signed, zero), add(signed, size), signed);
}

/** The positions that GatherElements reads and ScatterElements writes. */
function elementPlaces(call: Call, x: Value, index: HostValue, given: number): Int32Array {
  const axis = call.axis(given, x.shape.length);
  call.ensure(
    index.shape.length === x.shape.length && index.shape.every((length, k) => k === axis || length <= x.shape[k]!),
    () => `has indices of shape ${show(index.shape)} into ${show(x.shape)} along axis ${axis}`,
  );
  const along = counted(call, index, x.shape[axis]!);
  const strides = stridesOf(x.shape);
  const places = new Int32Array(along.length);
  eachIndex(index.shape, (at, flat) => {
    places[flat] = at.reduce((sum, place, k) => sum + (k === axis ? along[flat]! : place) * strides[k]!, 0);
  });
  return places;
}

/** The first element of each block that GatherND reads and ScatterND writes, and the size of a block. */
function blockPlaces(call: Call, x: Value, index: HostValue, batch: number): { starts: Int32Array; block: number } {
  const depth = index.shape.at(-1) ?? 0;
  call.ensure(
    index.shape.length > batch &&
      x.shape.length >= batch + depth &&
      index.shape.slice(0, batch).every((length, k) => length === x.shape[k]),
    () => `has indices of shape ${show(index.shape)} into ${show(x.shape)}`,
  );
  const strides = stridesOf(x.shape);
  const rows = sizeOf(index.shape.slice(0, -1));
  const perBatch = rows / Math.max(1, sizeOf(index.shape.slice(0, batch)));
  const batchStride = sizeOf(x.shape.slice(batch));
  const starts = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let place = Math.floor(row / perBatch) * batchStride;
    for (let k = 0; k < depth; k++) {
      const length = x.shape[batch + k]!;
      const at = index.data[row * depth + k]!;
      if (at < -length || at >= length)
        call.fail('INVALID_TENSOR', `has the index ${at} for an axis of length ${length}`);
      place += (at < 0 ? at + length : at) * strides[batch + k]!;
    }
    starts[row] = place;
  }
  return { starts, block: sizeOf(x.shape.slice(batch + depth)) };
}

function spreadBlocks(call: Call, starts: Int32Array, block: number): Int32Array {
  const places = new Int32Array(call.size([starts.length, block]));
  for (let row = 0; row < starts.length; row++)
    for (let k = 0; k < block; k++) places[row * block + k] = starts[row]! + k;
  return places;
}

const combinations = {
  add: { identity: 0, onTensors: add, onNumbers: (a: number, b: number) => a + b },
  mul: { identity: 1, onTensors: multiply, onNumbers: (a: number, b: number) => a * b },
  max: { identity: -Infinity, onTensors: maximum, onNumbers: Math.max },
  min: { identity: Infinity, onTensors: minimum, onNumbers: Math.min },
} as const;

/** Writes updates to positions of a value; several updates of one position are applied in order. */
function scattered(call: Call, x: Value, updates: Value, places: Int32Array): Value {
  call.sameType([x, updates]);
  call.ensure(
    sizeOf(updates.shape) === places.length,
    () => `has ${sizeOf(updates.shape)} updates for ${places.length} places`,
  );
  const reduction = call.node.text('reduction', 'none');
  const size = sizeOf(x.shape);
  const flat = (value: Value) => reshaped(call, value, [sizeOf(value.shape)]);
  if (reduction === 'none') {
    const both = joinedAlong(call, [flat(x), flat(updates)], 0);
    const from = Int32Array.from({ length: size }, (_, n) => n);
    for (const [n, place] of places.entries()) from[place] = size + n;
    return picked(call, both, x.shape, from);
  }
  const combination = Object.hasOwn(combinations, reduction)
    ? combinations[reduction as keyof typeof combinations]
    : call.refuse(`has the attribute reduction '${reduction}'`);
  const { identity, onTensors, onNumbers } = combination;
  const onDevice = (!isHost(x) || !isHost(updates)) && isFloat(x.type);
  let y: Value = onDevice ? x : call.host(x, 'values');
  const source = onDevice ? updates : call.host(updates, 'updates');
  // In rounds with at most one update per position.
  const rounds: Int32Array[] = [];
  const times = new Int32Array(size);
  for (const [n, place] of places.entries()) {
    const round = (rounds[times[place]!++] ??= new Int32Array(size).fill(-1));
    call.ensure(rounds.length <= 1000, () => 'writes to one position more than 1000 times');
    round[place] = n;
  }
  for (const round of rounds) {
    const change = picked(
      call,
      source,
      x.shape,
      round,
      isFloat(x.type) || identity === 0 || identity === 1 ? identity : 0,
    );
    if (!isHost(y) || !isHost(change)) y = call.device(x.type, onTensors(call.put(y), call.put(change)));
    else {
      const [before, after] = [y, change];
      const kept = zipExact(call, before, after, onNumbers);
      y = HostValue.of(
        x.type,
        x.shape,
        Float64Array.from(kept.data, (value, n) => (round[n]! < 0 ? before.data[n]! : value)),
      );
    }
  }
  return y;
}

function oneHot(call: Call): Value {
  const index = call.host(call.value(0), 'indices');
  const depth = call.number(1, 'depth')!;
  const values = call.host(call.value(2), 'values');
  call.ensure(values.data.length === 2, () => `has ${values.data.length} values, expected 2`);
  const axis = call.axis(call.node.int('axis', -1), index.shape.length + 1);
  const shape = index.shape.toSpliced(axis, 0, Math.trunc(depth));
  const inner = sizeOf(index.shape.slice(axis));
  const numbers = new Float64Array(call.size(shape)).fill(values.data[0]!);
  for (const [n, given] of index.data.entries()) {
    const place = given < 0 ? given + depth : given;
    if (place >= 0 && place < depth)
      numbers[(Math.floor(n / inner) * depth + Math.trunc(place)) * inner + (n % inner)] = values.data[1]!;
  }
  return HostValue.of(values.type, shape, numbers);
}

function reverseSequence(call: Call): Value {
  const x = call.value(0);
  const lengths = call.numbers(1, 'sequence_lens')!;
  const [time, batch] = [call.node.int('time_axis', 0), call.node.int('batch_axis', 1)].map((axis) =>
    call.axis(axis, x.shape.length),
  ) as [number, number];
  call.ensure(
    time !== batch &&
      lengths.length === x.shape[batch] &&
      lengths.every((length) => length >= 0 && length <= x.shape[time]!),
    () => `has the lengths ${show(lengths)} for a value of shape ${show(x.shape)}`,
  );
  const strides = stridesOf(x.shape);
  const places = new Int32Array(call.size(x.shape));
  eachIndex(x.shape, (at, flat) => {
    const [t, length] = [at[time]!, lengths[at[batch]!]!];
    places[flat] = t < length ? flat + (length - 1 - 2 * t) * strides[time]! : flat;
  });
  return picked(call, x, x.shape, places);
}

function trilu(call: Call): Value {
  const x = call.value(0);
  call.ensure(x.shape.length >= 2, () => `is given the shape ${show(x.shape)}, expected at least 2 axes`);
  const k = call.number(1, 'k') ?? 0;
  const upper = call.node.int('upper', 1) === 1;
  const places = new Int32Array(call.size(x.shape));
  eachIndex(x.shape, (at, flat) => {
    const above = at.at(-1)! - at.at(-2)!;
    places[flat] = (upper ? above >= k : above <= k) ? flat : -1;
  });
  return picked(call, x, x.shape, places);
}

/** Operators that read and write elements by position. */
export const gatherOperators: Operators = {
  Compress: operator(
    (call: Call) => {
      const whole = call.value(0);
      const chosen = call.numbers(1, 'condition')!;
      const flat = !call.node.has('axis');
      const x = flat ? reshaped(call, whole, [sizeOf(whole.shape)]) : whole;
      const axis = flat ? 0 : call.axis(call.node.int('axis', 0), x.shape.length);
      call.ensure(
        chosen.length <= x.shape[axis]!,
        () => `has a condition of length ${chosen.length} for an axis of length ${x.shape[axis]}`,
      );
      const lists = x.shape.map((length, k) =>
        k === axis ? chosen.flatMap((one, n) => (one ? [n] : [])) : Array.from({ length }, (_, n) => n),
      );
      return crossed(call, x, lists);
    },
    { inputs: [2, 2], attributes: ['axis'] },
  ),
  Gather: operator(gather, { inputs: [2, 2], attributes: ['axis'] }),
  GatherElements: operator(
    (call: Call) => {
      const index = call.host(call.value(1), 'indices');
      const places = elementPlaces(call, call.value(0), index, call.node.int('axis', 0));
      return picked(call, call.value(0), index.shape, places);
    },
    { inputs: [2, 2], attributes: ['axis'] },
  ),
  GatherND: operator(
    (call: Call) => {
      const x = call.value(0);
      const index = call.host(call.value(1), 'indices');
      const batch = call.node.int('batch_dims', 0);
      call.ensure(batch >= 0, () => `has batch_dims ${batch}`);
      const { starts, block } = blockPlaces(call, x, index, batch);
      const shape = [...index.shape.slice(0, -1), ...x.shape.slice(batch + index.shape.at(-1)!)];
      return picked(call, x, shape, spreadBlocks(call, starts, block));
    },
    { inputs: [2, 2], attributes: ['batch_dims'] },
  ),
  NonZero: operator((call: Call) => {
    const x = call.host(call.value(0), 'values');
    const found: number[][] = x.shape.map(() => []);
    let count = 0;
    eachIndex(x.shape, (at, flat) => {
      if (x.data[flat] === 0) return;
      count++;
      for (const [axis, place] of at.entries()) found[axis]!.push(place);
    });
    return HostValue.of('i64', [x.shape.length, count], found.flat());
  }),
  OneHot: operator(oneHot, { inputs: [3, 3], attributes: ['axis'] }),
  ReverseSequence: operator(reverseSequence, { inputs: [2, 2], attributes: ['batch_axis', 'time_axis'] }),
  Scatter: operator(scatterElements, { inputs: [3, 3], attributes: ['axis'] }),
  ScatterElements: operator(scatterElements, { inputs: [3, 3], attributes: ['axis', 'reduction'] }),
  ScatterND: operator(
    (call: Call) => {
      const x = call.value(0);
      const index = call.host(call.value(1), 'indices');
      const { starts, block } = blockPlaces(call, x, index, 0);
      return scattered(call, x, call.value(2), spreadBlocks(call, starts, block));
    },
    { inputs: [3, 3], attributes: ['reduction'] },
  ),
  Trilu: operator(trilu, { inputs: [1, 2], attributes: ['upper'] }),
};

function scatterElements(call: Call): Value {
  const index = call.host(call.value(1), 'indices');
  return scattered(
    call,
    call.value(0),
    call.value(2),
    elementPlaces(call, call.value(0), index, call.node.int('axis', 0)),
  );
}
