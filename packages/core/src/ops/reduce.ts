import {
  ArgumentError,
  describe,
  is,
  reduceOps,
  ShapeError,
  type OptionRules,
  type ReduceOp,
} from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import { full } from '../create.ts';
import { tidy } from '../scope.ts';
import { checkShape, normalizeAxes, normalizeAxis, sameShape, show, sizeOf, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { select } from './binary.ts';
import { checkOperation, checkTensor, expectDType } from './check.ts';
import { equal } from './compare.ts';
import { expand, reshape } from './shape.ts';
import { affine } from './unary.ts';

/** Options of the reductions. */
export interface ReduceOptions {
  /** Keep the reduced axes, with length 1. */
  readonly keepAxes?: boolean;
}

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

const rules: OptionRules<ReduceOptions> = { keepAxes: is.optional(is.boolean) };

function checkReduce(where: string, x: Tensor, options: ReduceOptions): void {
  checkTensor(where, 'x', x);
  checkOperation(where, options, rules);
}

function runReduce(op: ReduceOp, x: Tensor, axes: readonly number[], keepAxes: boolean): Tensor {
  expectDType(op, 'x', x, reduceOps[op].in);
  const shape: number[] = [...x.shape];
  const finished = shape
    .filter((_, axis) => keepAxes || !axes.includes(axis))
    .map((length, axis) => (keepAxes && axes.includes(axis) ? 1 : length));
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
  const result = reshapeRaw(current, finished);
  if (current !== x) current.dispose();
  return result;
}

/** The same storage under another shape, unrecorded; a fresh handle. */
function reshapeRaw(x: Tensor, shape: Shape): Tensor {
  const detached = x.detach();
  const result = reshape(detached, shape);
  if (result !== detached) detached.dispose();
  return result;
}

/** The shape with 1 in the place of every reduced axis. */
function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

/**
 * Returns the sum over the axes, by default over all axes. The sum of no elements is 0.
 *
 * @example
 * ```ts
 * sum(x, 0, { keepAxes: true }); // [T, N, D] → [1, N, D]
 * ```
 */
export function sum(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  checkReduce('sum', x, options);
  const list = normalizeAxes('sum', axes, x.rank);
  const y = runReduce('sum', x, list, options.keepAxes ?? false);
  record('sum', [y], {
    inputs: [x],
    backward: ([gradient]) => [expand(reshape(gradient!, keptShape(x.shape, list)), x.shape)],
  });
  return y;
}

/**
 * Returns the arithmetic mean over the axes, by default over all axes. The mean of no elements is NaN.
 *
 * @example
 * ```ts
 * mean(x, [0, 1]); // [T, N, D] → [D]
 * ```
 */
export function mean(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  expectDType('mean', 'x', x, ['f32']);
  checkReduce('mean', x, options);
  const list = normalizeAxes('mean', axes, x.rank);
  const count = list.reduce((product, axis) => product * x.shape[axis]!, 1);
  return tidy(x.backend, () => affine(sum(x, list, options), 1 / count));
}

/**
 * Returns the largest element over the axes. Equal largest elements share the gradient, as in PyTorch's `amax`.
 *
 * @example
 * ```ts
 * max(x, -1); // [N, C] → [N]
 * ```
 */
export function max(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  return extremum('max', x, axes, options);
}

/**
 * Returns the smallest element over the axes. Equal smallest elements share the gradient, as in PyTorch's `amin`.
 *
 * @example
 * ```ts
 * min(x, -1); // [N, C] → [N]
 * ```
 */
export function min(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  return extremum('min', x, axes, options);
}

function extremum(
  op: 'max' | 'min',
  x: Tensor,
  axes: number | readonly number[] | undefined,
  options: ReduceOptions,
): Tensor {
  checkReduce(op, x, options);
  const list = normalizeAxes(op, axes, x.rank);
  const y = runReduce(op, x, list, options.keepAxes ?? false);
  record(op, [y], {
    inputs: [x],
    saved: [x, y],
    backward: ([gradient], _wanted, [input, result]) => {
      const kept = keptShape(input!.shape, list);
      const mask = equal(input!, expand(reshape(result!, kept), input!.shape));
      const one = full(x.backend, [], 1);
      const none = full(x.backend, [], 0);
      const count = sum(select(mask, expand(one, input!.shape), none), list, { keepAxes: true });
      const share = divideRaw(reshape(gradient!, kept), count);
      // A row whose extremum is NaN has no largest element: its gradient is NaN, as in PyTorch.
      const row = reshape(result!, kept);
      const rest = select(equal(row, row), none, full(x.backend, [], NaN));
      return [select(mask, expand(share, input!.shape), expand(rest, input!.shape))];
    },
  });
  return y;
}

function divideRaw(a: Tensor, b: Tensor): Tensor {
  const out = a.backend.alloc('f32', a.size);
  a.backend.binary('divide', { buffer: a.buffer, strides: [1] }, { buffer: b.buffer, strides: [1] }, out, [a.size]);
  return wrap(a, out, a.shape);
}

/**
 * Returns the index of the first largest element along an axis, as i32. It has no gradient.
 *
 * @example
 * ```ts
 * argmax(tensor(backend, [[1, 5, 2]])); // [1]
 * ```
 */
export function argmax(x: Tensor, axis = -1): Tensor {
  checkTensor('argmax', 'x', x);
  const at = normalizeAxis('argmax', axis, x.rank);
  const length = x.shape[at]!;
  if (length === 0)
    throw new ArgumentError(`[argmax] axis ${describe(axis)} has length 0: there is no largest element`);
  const shape = x.shape.filter((_, other) => other !== at);
  const spec = { outer: sizeOf(x.shape.slice(0, at)), length, inner: sizeOf(x.shape.slice(at + 1)) };
  const out = x.backend.alloc('i32', spec.outer * spec.inner);
  x.backend.argmax(x.buffer, out, spec);
  return wrap(x, out, shape);
}

/**
 * Sums over broadcast axes, so that the result has shape `shape`: the gradient of a broadcast.
 *
 * @example
 * ```ts
 * sumTo(gradient, [1, 4]); // [3, 4] → [1, 4]
 * ```
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  checkTensor('sumTo', 'x', x);
  checkShape('sumTo', shape);
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.flatMap((length, axis) =>
    axis < lead || (shape[axis - lead] === 1 && length !== 1) ? [axis] : [],
  );
  if (lead < 0 || shape.some((length, axis) => length !== 1 && length !== x.shape[axis + lead]))
    throw new ShapeError(`[sumTo] expected a shape that stretches to ${show(x.shape)}, got ${show(shape)}`);
  return tidy(x.backend, () => reshape(sum(x, axes), shape));
}
