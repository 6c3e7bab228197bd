import {
  cast,
  concat,
  expand,
  flip,
  full,
  gatherRows,
  reshape,
  slice,
  tensor,
  transpose,
  type Tensor,
} from '@timestep/core';
import { ensure, InteropError } from '../../errors.ts';
import { elementTypes } from '../types.ts';
import type { Context, Operators } from './operators.ts';
import {
  broadcastHost,
  checkHostSize,
  HostIntegers,
  isHost,
  maxFilledElements,
  onDevice,
  onHost,
  type Value,
} from './value.ts';

function axisOf({ node }: Context, axis: number, rank: number): number {
  ensure(
    axis >= -rank && axis < Math.max(rank, 1),
    'MALFORMED_FILE',
    () => `[onnx] ${node.where} names axis ${axis} of a value of ${rank} axes`,
  );
  return axis < 0 ? axis + rank : axis;
}

/** The same elements under another shape. */
function reshaped(value: Value, shape: readonly number[]): Value {
  return isHost(value) ? new HostIntegers(shape, value.data) : reshape(value, shape);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Axes given as an attribute up to operator set 12, as an input since. */
function axesOf(context: Context, input: Value | null | undefined, rank: number): number[] | null {
  const { node } = context;
  const given = input ? onHost(node.where, 'axes', input).data : node.has('axes') ? node.ints('axes', []) : null;
  return given && given.map((axis) => axisOf(context, axis, rank));
}

/** ONNX's Reshape: 0 copies an axis, −1 takes what is left. */
function targetShape({ node }: Context, from: readonly number[], wanted: readonly number[]): number[] {
  const copied = wanted.map((length, axis) =>
    length === 0 && node.int('allowzero', 0) === 0 ? (from[axis] ?? 0) : length,
  );
  const known = sizeOf(copied.filter((length) => length !== -1));
  const shape = copied.map((length) => (length === -1 ? (known === 0 ? 0 : sizeOf(from) / known) : length));
  const fits = shape.every((length) => Number.isInteger(length) && length >= 0) && sizeOf(shape) === sizeOf(from);
  ensure(
    fits,
    'MALFORMED_FILE',
    () => `[onnx] ${node.where} cannot bring the shape [${from.join(', ')}] to [${wanted.join(', ')}]`,
  );
  return shape;
}

/** The numbers of a host value with one axis replaced by those at the given places. */
function pick(where: string, value: HostIntegers, axis: number, places: readonly number[]): number[] {
  const inner = sizeOf(value.shape.slice(axis + 1));
  const length = value.shape[axis] ?? 1;
  const outer = sizeOf(value.shape.slice(0, axis));
  checkHostSize(where, [outer, places.length, inner]);
  return Array.from({ length: outer }, (_, o) =>
    places.flatMap((place) => value.data.slice((o * length + place) * inner, (o * length + place + 1) * inner)),
  ).flat();
}

function sliceOne(context: Context, value: Value, axis: number, start: number, end: number, step: number): Value {
  const { node } = context;
  ensure(
    step === 1 || step === -1,
    'UNSUPPORTED_MODEL',
    () => `[onnx] ${node.where} slices in steps of ${step}; steps of 1 and -1 can be read`,
  );
  const length = value.shape[axis]!;
  const clamp = (place: number, least = 0) => Math.min(Math.max(place < 0 ? place + length : place, least), length);
  // Backwards the start is within and the end is not, as ever: from behind the one to behind the other.
  const [first, last] =
    step === 1 ? [clamp(start), clamp(end)] : [clamp(end, -1) + 1, Math.min(clamp(start) + 1, length)];
  const [from, to] = [Math.min(first, length), Math.min(Math.max(first, last), length)];
  if (!isHost(value)) return step === 1 ? slice(value, axis, from, to) : flip(slice(value, axis, from, to), axis);
  const places = Array.from({ length: to - from }, (_, n) => (step === 1 ? from + n : to - 1 - n));
  return new HostIntegers(
    value.shape.map((size, k) => (k === axis ? places.length : size)),
    pick(node.where, value, axis, places),
  );
}

/** Rows of a table, of any rank, along its first axis; the places are checked, wherever they stand. */
function gatherFirst({ node, backend }: Context, table: Tensor, index: Value): Tensor {
  const rows = table.shape[0] ?? 0;
  const values = isHost(index) ? index.data : backend.hostView?.(index.buffer);
  const wrong = values?.find((value) => value < -rows || value >= rows);
  ensure(wrong === undefined, 'INVALID_TENSOR', () => `[onnx] ${node.where} reads row ${wrong} of ${rows}`);
  if (!isHost(index)) return gatherRows(table, index);
  return gatherRows(
    table,
    tensor(
      backend,
      Int32Array.from(index.data, (value) => (value < 0 ? value + rows : value)),
      { shape: index.shape },
    ),
  );
}

/** Operations that arrange elements and compute shapes. */
export const shapes: Operators = {
  Cast: ({ node, backend }, [x]) => {
    const to = node.int('to', 0);
    const whole = [elementTypes.i32, elementTypes.i64, elementTypes.bool].some((type) => type === to);
    ensure(
      whole || to === elementTypes.f32,
      'UNSUPPORTED_MODEL',
      () => `[onnx] ${node.where} casts to element type ${to}; float32, int32, int64 and booleans are known`,
    );
    if (isHost(x!))
      return [
        whole
          ? new HostIntegers(x.shape, to === elementTypes.bool ? x.data.map((value) => (value === 0 ? 0 : 1)) : x.data)
          : cast(onDevice(backend, x), 'f32'),
      ];
    return [cast(x!, whole ? 'i32' : 'f32')];
  },
  Concat: (context, inputs) => {
    const { node, backend } = context;
    const axis = axisOf(context, node.int('axis', 0), inputs[0]!.shape.length);
    if (!inputs.every((value) => isHost(value!)))
      return [
        concat(
          inputs.map((value) => onDevice(backend, value!)),
          axis,
        ),
      ];
    const parts = inputs as readonly HostIntegers[];
    ensure(
      parts.every(({ shape }) => shape.length === 1),
      'UNSUPPORTED_MODEL',
      () => `[onnx] ${node.where} joins whole numbers of more than one axis`,
    );
    return [
      new HostIntegers(
        [parts.reduce((sum, { data }) => sum + data.length, 0)],
        parts.flatMap(({ data }) => [...data]),
      ),
    ];
  },
  Constant: ({ node, backend }) => {
    if (node.has('value_int')) return [new HostIntegers([], [node.int('value_int', 0)])];
    if (node.has('value_ints'))
      return [new HostIntegers([node.ints('value_ints', []).length], node.ints('value_ints', []))];
    if (node.has('value_float')) return [full(backend, [], node.float('value_float', 0))];
    const constant = node.constant('value');
    ensure(constant !== null, 'UNSUPPORTED_MODEL', () => `[onnx] ${node.where} is of a kind that cannot be read`);
    return [
      constant.kind === 'integer'
        ? new HostIntegers(constant.shape, [...constant.data])
        : tensor(backend, constant.data, { shape: constant.shape }),
    ];
  },
  ConstantOfShape: ({ node, backend }, [given]) => {
    const shape = onHost(node.where, 'shape', given).data;
    const constant = node.constant('value');
    if (constant?.kind === 'integer')
      return [new HostIntegers(shape, new Array<number>(checkHostSize(node.where, shape)).fill(constant.data[0] ?? 0))];
    checkHostSize(node.where, shape, maxFilledElements);
    return [full(backend, shape, constant?.data[0] ?? 0)];
  },
  Expand: ({ node, backend }, [x, given]) => {
    const wanted = onHost(node.where, 'shape', given);
    // Its shape is broadcast with the operand's, so that a 1 keeps what is there.
    const own = new HostIntegers([x!.shape.length], x!.shape);
    const rank = Math.max(own.data.length, wanted.data.length);
    const lead = ({ data }: HostIntegers) => [...Array.from({ length: rank - data.length }, () => 1), ...data];
    const shape = lead(own).map((length, axis) => (length === 1 ? lead(wanted)[axis]! : length));
    checkHostSize(node.where, shape, maxFilledElements);
    return [
      isHost(x!)
        ? broadcastHost(
            node.where,
            x,
            new HostIntegers(shape, new Array<number>(checkHostSize(node.where, shape)).fill(0)),
            (value) => value,
          )
        : expand(onDevice(backend, x!), shape),
    ];
  },
  Flatten: (context, [x]) => {
    const axis = context.node.int('axis', 1);
    const at = axis < 0 ? axis + x!.shape.length : axis;
    return [reshaped(x!, [sizeOf(x!.shape.slice(0, at)), sizeOf(x!.shape.slice(at))])];
  },
  Gather: (context, [x, index]) => {
    const { node } = context;
    const axis = axisOf(context, node.int('axis', 0), x!.shape.length);
    if (isHost(x!)) {
      const places = onHost(node.where, 'indices', index);
      const length = x.shape[axis] ?? 0;
      const wrong = places.data.find((place) => place < -length || place >= length);
      ensure(wrong === undefined, 'MALFORMED_FILE', () => `[onnx] ${node.where} reads place ${wrong} of ${length}`);
      const shape = [...x.shape.slice(0, axis), ...places.shape, ...x.shape.slice(axis + 1)];
      return [
        new HostIntegers(
          shape,
          pick(
            node.where,
            x,
            axis,
            places.data.map((place) => (place < 0 ? place + length : place)),
          ),
        ),
      ];
    }
    if (axis === 0) return [gatherFirst(context, x!, index!)];
    ensure(
      index!.shape.length <= 1,
      'UNSUPPORTED_MODEL',
      () =>
        `[onnx] ${node.where} gathers by an index of ${index!.shape.length} axes along axis ${axis}; one axis at most can be read`,
    );
    const order = [axis, ...x!.shape.map((_, k) => k).filter((k) => k !== axis)];
    const rows = gatherFirst(context, transpose(x!, order), index!);
    if (index!.shape.length === 0) return [rows];
    return [
      transpose(
        rows,
        order.map((_, k) => order.indexOf(k)),
      ),
    ];
  },
  Range: ({ node }, inputs) => {
    const [start, limit, delta] = inputs.map((value) => onHost(node.where, 'bounds', value).data[0] ?? 0) as [
      number,
      number,
      number,
    ];
    ensure(delta !== 0, 'MALFORMED_FILE', () => `[onnx] ${node.where} counts in steps of 0`);
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    checkHostSize(node.where, [count]);
    return [
      new HostIntegers(
        [count],
        Array.from({ length: count }, (_, n) => start + n * delta),
      ),
    ];
  },
  Reshape: (context, [x, given]) => [
    reshaped(x!, targetShape(context, x!.shape, onHost(context.node.where, 'shape', given).data)),
  ],
  Shape: ({ node }, [x]) => {
    const rank = x!.shape.length;
    const data = x!.shape.slice(node.int('start', 0), node.int('end', rank));
    return [new HostIntegers([data.length], data)];
  },
  Slice: (context, [x, starts, ends, axes, steps]) => {
    const { node } = context;
    const read = (name: string, value: Value | null | undefined) =>
      value ? onHost(node.where, name, value).data : node.ints(name, []);
    const [from, to] = [read('starts', starts), read('ends', ends)];
    const along = axesOf(context, axes, x!.shape.length) ?? from.map((_, k) => k);
    const by = steps ? onHost(node.where, 'steps', steps).data : from.map(() => 1);
    ensure(
      from.length === to.length &&
        along.length === from.length &&
        by.length === from.length &&
        along.every((axis) => axis < x!.shape.length),
      'MALFORMED_FILE',
      () => `[onnx] ${node.where} has starts, ends and axes of different lengths`,
    );
    return [along.reduce<Value>((value, axis, k) => sliceOne(context, value, axis, from[k]!, to[k]!, by[k]!), x!)];
  },
  Split: (context, [x, sizes]) => {
    const { node } = context;
    const axis = axisOf(context, node.int('axis', 0), x!.shape.length);
    const length = x!.shape[axis] ?? 0;
    const even = Math.ceil(length / node.outputs.length);
    const parts = sizes
      ? onHost(node.where, 'split', sizes).data
      : node.ints(
          'split',
          node.outputs.map((_, k) => Math.max(0, Math.min(even, length - k * even))),
        );
    let at = 0;
    return parts.map((size) => sliceOne(context, x!, axis, at, (at += size), 1));
  },
  Squeeze: (context, [x, axes]) => {
    const dropped =
      axesOf(context, axes, x!.shape.length) ?? x!.shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
    const odd = dropped.find((axis) => x!.shape[axis] !== 1);
    if (odd !== undefined)
      throw new InteropError(
        'MALFORMED_FILE',
        `[onnx] ${context.node.where} drops axis ${odd} of the shape [${x!.shape.join(', ')}], which is no 1`,
      );
    return [
      reshaped(
        x!,
        x!.shape.filter((_, axis) => !dropped.includes(axis)),
      ),
    ];
  },
  Transpose: ({ node }, [x]) => {
    ensure(!isHost(x!), 'UNSUPPORTED_MODEL', () => `[onnx] ${node.where} transposes whole numbers`);
    const order = node.ints('perm', (x as Tensor).shape.map((_, k) => k).reverse());
    ensure(
      [...order].sort((a, b) => a - b).every((axis, k) => axis === k) && order.length === x!.shape.length,
      'MALFORMED_FILE',
      () => `[onnx] ${node.where} has the permutation [${order.join(', ')}] for ${x!.shape.length} axes`,
    );
    return [transpose(x as Tensor, order)];
  },
  Unsqueeze: (context, [x, axes]) => {
    const { node } = context;
    const given = axes ? onHost(node.where, 'axes', axes).data : node.ints('axes', []);
    const rank = x!.shape.length + given.length;
    const added = given.map((axis) => axisOf(context, axis, rank));
    ensure(new Set(added).size === added.length, 'MALFORMED_FILE', () => `[onnx] ${node.where} adds an axis twice`);
    const rest = [...x!.shape];
    return [
      reshaped(
        x!,
        Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()!)),
      ),
    ];
  },
};
