import { expand } from '@timestep/core';
import { operator, type Call, type Operators } from '../operator.ts';
import { broadcastStridesOf, picked, stridedPlaces } from '../places.ts';
import { broadcastShape, HostValue, isHost, show, sizeOf, type Value } from '../value.ts';
import { joinedAlong, reshaped, transposed } from './arrange.ts';

/** The axes: an attribute up to operator set 12, an input since. */
function axesOf(call: Call, rank: number): number[] | null {
  const given = call.numbers(1, 'axes') ?? (call.node.has('axes') ? call.node.ints('axes', []) : null);
  return given && call.axes(given, rank);
}

/** ONNX's Reshape: 0 copies an axis, −1 takes the remaining elements. */
function targetShape(call: Call, from: readonly number[], wanted: readonly number[]): number[] {
  const copied = wanted.map((length, axis) =>
    length === 0 && call.node.int('allowzero', 0) === 0 ? (from[axis] ?? 0) : length,
  );
  const known = sizeOf(copied.filter((length) => length !== -1));
  const shape = copied.map((length) => (length === -1 ? (known === 0 ? 0 : sizeOf(from) / known) : length));
  const fits =
    copied.filter((length) => length === -1).length <= 1 &&
    shape.every((length) => Number.isInteger(length) && length >= 0) &&
    sizeOf(shape) === sizeOf(from);
  call.ensure(fits, () => `cannot reshape ${show(from)} to ${show(wanted)}`);
  return shape;
}
/** Blocks of channels into space, or back: a reshape, a transpose and a reshape. */
function blocks(
  call: Call,
  split: (shape: readonly number[], size: number) => readonly [number[], number[], number[]],
): Value {
  const x = call.value(0);
  call.rank(x, 4, 'an input');
  const size = call.node.int('blocksize', 0);
  call.ensure(size > 0, () => `has the blocksize ${size}`);
  const [inner, order, shape] = split(x.shape, size);
  call.ensure(
    [...inner, ...shape].every((length) => Number.isInteger(length)),
    () => `cannot cut the shape ${show(x.shape)} into blocks of ${size}`,
  );
  return reshaped(call, transposed(call, reshaped(call, x, inner), order), shape);
}
/** Operators that arrange elements. */
export const shapeOperators: Operators = {
  Concat: operator(
    (call: Call) => {
      const values = call.inputs.map((_, k) => call.value(k));
      return joinedAlong(call, values, call.axis(call.node.int('axis', 0), values[0]!.shape.length));
    },
    { inputs: [1, Infinity], attributes: ['axis'] },
  ),
  DepthToSpace: operator(
    (call: Call) =>
      blocks(call, ([n, c, h, w], b) => {
        const rest = c! / (b * b);
        const columns = call.node.text('mode', 'DCR') === 'CRD';
        return [
          columns ? [n!, rest, b, b, h!, w!] : [n!, b, b, rest, h!, w!],
          columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2],
          [n!, rest, h! * b, w! * b],
        ];
      }),
    { attributes: ['blocksize', 'mode'] },
  ),
  Expand: operator(
    (call: Call) => {
      const x = call.value(0);
      const wanted = call.numbers(1, 'shape')!;
      call.size(wanted);
      const shape = broadcastShape([x.shape, wanted]);
      call.ensure(shape !== null, () => `cannot broadcast ${show(x.shape)} to ${show(wanted)}`);
      call.size(shape);
      if (!isHost(x)) return call.device(x.type, expand(x.tensor, shape));
      return picked(call, x, shape, stridedPlaces(shape, broadcastStridesOf(x.shape, shape)));
    },
    { inputs: [2, 2] },
  ),
  Flatten: operator(
    (call: Call) => {
      const x = call.value(0);
      const given = call.node.int('axis', 1);
      const axis = given === x.shape.length ? given : call.axis(given, x.shape.length);
      return reshaped(call, x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
    },
    { attributes: ['axis'] },
  ),
  Identity: operator((call: Call) => call.value(0)),
  Reshape: operator(
    (call: Call) => {
      const x = call.value(0);
      return reshaped(call, x, targetShape(call, x.shape, call.numbers(1, 'shape')!));
    },
    { inputs: [2, 2], attributes: ['allowzero'] },
  ),
  Shape: operator(
    (call: Call) => {
      const { shape } = call.value(0);
      const place = (given: number) => Math.min(Math.max(given < 0 ? given + shape.length : given, 0), shape.length);
      const [from, to] = [place(call.node.int('start', 0)), place(call.node.int('end', shape.length))];
      return HostValue.list(shape.slice(from, Math.max(from, to)));
    },
    { attributes: ['start', 'end'] },
  ),
  Size: operator((call: Call) => HostValue.of('i64', [], [sizeOf(call.value(0).shape)])),
  SpaceToDepth: operator(
    (call: Call) =>
      blocks(call, ([n, c, h, w], b) => [
        [n!, c!, h! / b, b, w! / b, b],
        call.node.text('mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4],
        [n!, c! * b * b, h! / b, w! / b],
      ]),
    { attributes: ['blocksize', 'mode'] },
  ),
  Squeeze: operator(
    (call: Call) => {
      const x = call.value(0);
      const dropped = axesOf(call, x.shape.length) ?? x.shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
      const odd = dropped.find((axis) => x.shape[axis] !== 1);
      call.ensure(odd === undefined, () => `drops axis ${odd} of the shape ${show(x.shape)}, which is not 1`);
      return reshaped(
        call,
        x,
        x.shape.filter((_, axis) => !dropped.includes(axis)),
      );
    },
    { inputs: [1, 2], attributes: ['axes'] },
  ),
  Transpose: operator(
    (call: Call) => {
      const x = call.value(0);
      const order = call.node.ints('perm', x.shape.map((_, k) => k).reverse());
      call.ensure(
        [...order].sort((a, b) => a - b).every((axis, k) => axis === k) && order.length === x.shape.length,
        () => `has the permutation ${show(order)} for ${x.shape.length} axes`,
      );
      return transposed(call, x, order);
    },
    { attributes: ['perm'] },
  ),
  Unsqueeze: operator(
    (call: Call) => {
      const x = call.value(0);
      const given = call.numbers(1, 'axes') ?? call.node.ints('axes', []);
      const rank = x.shape.length + given.length;
      const added = call.axes(given, rank);
      const rest = [...x.shape];
      return reshaped(
        call,
        x,
        Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()!)),
      );
    },
    { inputs: [1, 2], attributes: ['axes'] },
  ),
};
