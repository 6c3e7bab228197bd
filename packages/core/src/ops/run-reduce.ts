import { reduceOps, ShapeError, type ReduceOp } from '@timestep/backend-api';
import { wrap } from '../autograd/record.ts';
import { sameShape, show, sizeOf, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { expectDType } from './check.ts';
import { reshapeView } from './view.ts';

/** The reduced axes as runs of neighbours: the contract reduces one run of axes at a time. */
function runs(axes: readonly number[]): [number, number][] {
  const list: [number, number][] = [];
  for (const axis of axes) {
    const last = list.at(-1);
    if (last?.[1] === axis) last[1]++;
    else list.push([axis, axis + 1]);
  }
  return list;
}

/** Reduces `axes` (in ascending order) and returns the result under the shape `finished`; not recorded. */
export function runReduce(op: ReduceOp, x: Tensor, axes: readonly number[], finished: Shape): Tensor {
  expectDType(op, 'x', x, reduceOps[op].in);
  const shape: number[] = [...x.shape];
  let current = x;
  // From the last run to the first, so that the axes before it keep their places.
  for (const [from, to] of runs(axes).reverse()) {
    const spec = {
      outer: sizeOf(shape.slice(0, from)),
      length: sizeOf(shape.slice(from, to)),
      inner: sizeOf(shape.slice(to)),
    };
    const out = x.backend.alloc(x.dtype, spec.outer * spec.inner);
    x.backend.reduce(op, current.buffer, out, spec);
    shape.splice(from, to - from);
    const next = wrap(x, out, [...shape]);
    if (current !== x) current.dispose();
    current = next;
  }
  if (current !== x && sameShape(shape, finished)) return current;
  const result = reshapeView(current, finished);
  if (current !== x) current.dispose();
  return result;
}

/** The shape with 1 in the place of every reduced axis. */
export function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

/** The axes to sum over so that x gets the shape `shape`, which stretches to that of x by broadcasting. */
export function broadcastAxes(x: Tensor, shape: Shape): number[] {
  const lead = x.rank - shape.length;
  if (lead < 0 || shape.some((length, axis) => length !== 1 && length !== x.shape[axis + lead]))
    throw new ShapeError(`[sumTo] expected a shape that stretches to ${show(x.shape)}, got ${show(shape)}`);
  return x.shape.flatMap((length, axis) => (axis < lead || (shape[axis - lead] === 1 && length !== 1) ? [axis] : []));
}

/** The gradient of a broadcast: x summed over the broadcast axes to `shape`, x itself where that is its shape. Not recorded. */
export function sumBroadcast(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : runReduce('sum', x, broadcastAxes(x, shape), shape);
}
