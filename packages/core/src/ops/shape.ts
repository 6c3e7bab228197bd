import { ArgumentError, checkValue, describe, ShapeError, type Rule } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import { checkShape, contiguousStrides, normalizeAxis, sameShape, show, sizeOf, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor } from './check.ts';
import { sumBroadcast } from './run-reduce.ts';
import { copyView, expandView, reshapeView } from './view.ts';

/**
 * Returns the same elements with another shape. One length may be −1. The memory is shared.
 *
 * @example
 * ```ts
 * reshape(x, [-1, 4]); // [2, 3, 4] → [6, 4]
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkTensor('reshape', 'x', x);
  const to = inferShape(x, shape);
  const y = reshapeView(x, to);
  record('reshape', [y], { inputs: [x], backward: ([gradient]) => [reshapeView(gradient!, x.shape)] });
  return y;
}

function inferShape(x: Tensor, shape: Shape): Shape {
  if (!Array.isArray(shape)) checkShape('reshape', shape);
  const holes = shape.filter((length) => length === -1).length;
  const given = shape.filter((length) => length !== -1);
  checkShape('reshape', given);
  const known = sizeOf(given);
  const to = holes === 1 && known > 0 ? shape.map((length) => (length === -1 ? x.size / known : length)) : [...shape];
  if (holes > 1 || to.some((length) => !Number.isInteger(length) || length < 0) || sizeOf(to) !== x.size) {
    throw new ShapeError(`[reshape] cannot reshape ${show(x.shape)} (${x.size} elements) to ${show(shape)}`);
  }
  return to;
}

const axesRule: Rule = (value) => (Array.isArray(value) ? null : 'an array of axes');

/**
 * The axes in another order; without `axes` the last two change places.
 *
 * ```ts
 * transpose(x, [1, 0, 2]);                    // [T, N, D] → [N, T, D]
 * ```
 *
 * @throws ArgumentError unless each axis is named once, ShapeError for fewer than 2 axes
 */
export function transpose(x: Tensor, axes?: readonly number[]): Tensor {
  checkTensor('transpose', 'x', x);
  if (axes !== undefined) checkValue('transpose', 'axes', axes, axesRule);
  const order = axes?.map((axis) => normalizeAxis('transpose', axis, x.rank)) ?? lastTwoSwapped(x);
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    throw new ArgumentError(`[transpose] expected each of the ${x.rank} axes once, got ${show(order)}`);
  }
  const strides = contiguousStrides(x.shape);
  const y = copyView(
    x,
    order.map((axis) => x.shape[axis]!),
    order.map((axis) => strides[axis]!),
  );
  const inverse = order.map((_, axis) => order.indexOf(axis));
  record('transpose', [y], { inputs: [x], backward: ([gradient]) => [transpose(gradient!, inverse)] });
  return y;
}

function lastTwoSwapped(x: Tensor): number[] {
  if (x.rank < 2) throw new ShapeError(`[transpose] expected at least 2 axes, got shape ${show(x.shape)}`);
  const order = x.shape.map((_, axis) => axis);
  order.push(...order.splice(-2, 1));
  return order;
}

/**
 * Repeats axes of length 1, and adds leading axes, until the tensor has shape `shape`. Copies.
 *
 * @example
 * ```ts
 * expand(bias, [8, 4]); // [4] → [8, 4]
 * ```
 *
 * @throws ShapeError where x does not stretch to `shape`
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  checkTensor('expand', 'x', x);
  checkShape('expand', shape);
  const lead = shape.length - x.rank;
  if (lead < 0 || x.shape.some((length, axis) => length !== 1 && length !== shape[axis + lead])) {
    throw new ShapeError(`[expand] shape ${show(x.shape)} does not stretch to ${show(shape)}`);
  }
  if (sameShape(x.shape, shape)) return reshape(x, shape);
  const y = expandView(x, shape);
  record('expand', [y], { inputs: [x], backward: ([gradient]) => [sumBroadcast(gradient!, x.shape)] });
  return y;
}

/**
 * The elements `start…end − 1` along one axis; negative counts from the end.
 *
 * ```ts
 * slice(x, 0, 0, 10);                         // the first ten steps of [T, N, D]
 * ```
 *
 * @throws ArgumentError for a start or an end that is out of range or not a whole number
 */
export function slice(x: Tensor, axis: number, start: number, end?: number): Tensor {
  checkTensor('slice', 'x', x);
  const at = normalizeAxis('slice', axis, x.rank);
  const length = x.shape[at]!;
  const until = end ?? (end === undefined ? length : NaN);
  if (!Number.isInteger(start) || !Number.isInteger(until))
    throw new ArgumentError(
      `[slice] expected whole numbers for start and end, got ${describe(start)} and ${describe(end)}`,
    );
  const from = start < 0 ? start + length : start;
  const to = until < 0 ? until + length : until;
  if (from < 0 || to > length || from > to) {
    throw new ArgumentError(`[slice] ${start}…${until} is out of range for axis ${axis} of shape ${show(x.shape)}`);
  }
  const strides = contiguousStrides(x.shape);
  const shape = x.shape.map((old, other) => (other === at ? to - from : old));
  const y = copyView(x, shape, strides, from * strides[at]!);
  record('slice', [y], {
    inputs: [x],
    backward: ([gradient]) => {
      const out = x.backend.alloc('f32', x.size);
      x.backend.fill(out, 0);
      x.backend.copy(
        { buffer: gradient!.buffer, strides: contiguousStrides(shape) },
        { buffer: out, strides, offset: from * strides[at]! },
        shape,
      );
      return [wrap(gradient!, out, x.shape)];
    },
  });
  return y;
}

/**
 * Reverses the order along an axis.
 *
 * @example
 * ```ts
 * flip(sequence, 0); // from the last step to the first
 * ```
 */
export function flip(x: Tensor, axis: number): Tensor {
  checkTensor('flip', 'x', x);
  const at = normalizeAxis('flip', axis, x.rank);
  const strides = contiguousStrides(x.shape);
  const offset = Math.max(0, x.shape[at]! - 1) * strides[at]!;
  const y = copyView(
    x,
    x.shape,
    strides.map((stride, other) => (other === at ? -stride : stride)),
    offset,
  );
  record('flip', [y], { inputs: [x], backward: ([gradient]) => [flip(gradient!, at)] });
  return y;
}
