import { flip, slice } from '@timestep/core';
import { operator, type Call, type Operators } from '../operator.ts';
import { stridesOf } from '../places.ts';
import { isHost, show, type Value } from '../value.ts';
import { crossed, cutAlong, strided } from './arrange.ts';

/** The start and the number of elements of a Slice along one axis, by NumPy's rule. */
function range(length: number, start: number, end: number, step: number): [number, number] {
  const clamp = (place: number, low: number, high: number) =>
    Math.min(Math.max(place < 0 ? place + length : place, low), high);
  const [from, to] =
    step > 0
      ? [clamp(start, 0, length), clamp(end, 0, length)]
      : [clamp(start, -1, length - 1), clamp(end, -1, length - 1)];
  return [from, Math.max(0, Math.ceil((to - from) / step))];
}

function sliced(call: Call): Value {
  const x = call.value(0);
  const old = call.opset < 10;
  const read = (input: number, name: string) =>
    old ? (call.node.has(name) ? call.node.ints(name, []) : undefined) : call.numbers(input, name);
  const [starts, ends] = [read(1, 'starts') ?? [], read(2, 'ends') ?? []];
  const axes = call.axes(read(3, 'axes') ?? starts.map((_, k) => k), x.shape.length);
  const steps = (old ? undefined : call.numbers(4, 'steps')) ?? starts.map(() => 1);
  call.ensure(
    [ends, axes, steps].every(({ length }) => length === starts.length),
    () => 'has starts, ends, axes and steps of different lengths',
  );
  call.ensure(!steps.includes(0), () => 'slices in steps of 0');
  let y: Value = x;
  for (const [k, axis] of axes.entries()) {
    const step = steps[k]!;
    const [from, count] = range(y.shape[axis]!, starts[k]!, ends[k]!, step);
    if (count === y.shape[axis] && step === 1) continue;
    if (!isHost(y) && step === 1) y = cutAlong(call, y, axis, from, from + count);
    else if (!isHost(y) && step === -1)
      y = call.device(
        y.type,
        flip(slice(y.tensor, axis, count === 0 ? 0 : from - count + 1, count === 0 ? 0 : from + 1), axis),
      );
    else {
      const own = stridesOf(y.shape);
      const strides = own.map((stride, other) => (other === axis ? stride * step : stride));
      y = strided(call, y, y.shape.toSpliced(axis, 1, count), strides, count === 0 ? [] : [[axis, from]]);
    }
  }
  return y;
}

function split(call: Call): Value[] {
  const x = call.value(0);
  const axis = call.axis(call.node.int('axis', 0), x.shape.length);
  const length = x.shape[axis]!;
  const given = call.numbers(1, 'split') ?? (call.node.has('split') ? call.node.ints('split', []) : undefined);
  const parts = call.node.int('num_outputs', call.outputCount);
  call.ensure(
    parts === call.outputCount || given !== undefined,
    () => `has ${call.outputCount} outputs, and num_outputs ${parts}`,
  );
  // Before operator set 18, the parts must be equal. Since then, the last one may be smaller.
  const even = Math.ceil(length / parts);
  const sizes = given ?? Array.from({ length: parts }, (_, k) => Math.max(0, Math.min(even, length - k * even)));
  call.ensure(
    sizes.length === call.outputCount &&
      sizes.every((size) => Number.isInteger(size) && size >= 0) &&
      sizes.reduce((a, b) => a + b, 0) === length,
    () => `splits an axis of length ${length} into ${show(sizes)}, for ${call.outputCount} outputs`,
  );
  let at = 0;
  return sizes.map((size) => cutAlong(call, x, axis, at, (at += size)));
}
/** The source of an element of a padded axis; −1 for padding. */
const padding: Readonly<Record<string, (place: number, length: number) => number>> = {
  constant: (place, length) => (place < 0 || place >= length ? -1 : place),
  edge: (place, length) => Math.min(Math.max(place, 0), length - 1),
  reflect: (place, length) => {
    if (length === 1) return 0;
    const period = 2 * (length - 1);
    const within = ((place % period) + period) % period;
    return within < length ? within : period - within;
  },
  wrap: (place, length) => ((place % length) + length) % length,
};

function pad(call: Call): Value {
  const x = call.value(0);
  const old = call.opset < 11;
  const pads = old ? call.node.ints('pads', []) : (call.numbers(1, 'pads') ?? []);
  const given = call.numbers(3, 'axes');
  const axes = given ? call.axes(given, x.shape.length) : x.shape.map((_, axis) => axis);
  call.ensure(
    pads.length === 2 * axes.length && pads.every((size) => Number.isInteger(size)),
    () => `has ${pads.length} pads for ${axes.length} axes, expected twice as many`,
  );
  const mode = call.node.text('mode', 'constant');
  const source = Object.hasOwn(padding, mode) ? padding[mode]! : call.refuse(`has the attribute mode '${mode}'`);
  const fill = (old ? call.node.float('value', 0) : call.number(2, 'constant_value')) ?? 0;
  const shape = x.shape.map((length, axis) => {
    const k = axes.indexOf(axis);
    return k < 0 ? length : length + pads[k]! + pads[k + axes.length]!;
  });
  call.size(shape);
  const lists = shape.map((length, axis) => {
    const k = axes.indexOf(axis);
    const before = k < 0 ? 0 : pads[k]!;
    call.ensure(
      mode === 'constant' || x.shape[axis]! > 0 || length === 0,
      () => `pads axis ${axis}, which is empty, by '${mode}'`,
    );
    return Array.from({ length }, (_, place) => source(place - before, x.shape[axis]!));
  });
  return crossed(call, x, lists, fill);
}

/** Operators that cut, repeat and pad axes. */
export const sliceOperators: Operators = {
  Pad: operator(pad, { inputs: [1, 4], attributes: ['mode', 'pads', 'value'] }),
  Slice: operator(sliced, { inputs: [1, 5], attributes: ['starts', 'ends', 'axes'] }),
  Split: operator(split, { inputs: [1, 2], outputs: Infinity, attributes: ['axis', 'split', 'num_outputs'] }),
  Tile: operator(
    (call: Call) => {
      const x = call.value(0);
      const repeats = call.numbers(1, 'repeats')!;
      call.ensure(
        repeats.length === x.shape.length && repeats.every((times) => Number.isInteger(times) && times >= 0),
        () => `repeats ${show(repeats)} times a value of ${x.shape.length} axes`,
      );
      call.size(x.shape.map((length, axis) => length * repeats[axis]!));
      return crossed(
        call,
        x,
        x.shape.map((length, axis) => Array.from({ length: length * repeats[axis]! }, (_, n) => n % length)),
      );
    },
    { inputs: [2, 2] },
  ),
};
