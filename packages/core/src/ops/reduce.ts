import { ArgumentError, describe, is, type OptionRules } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import { tidy } from '../scope.ts';
import { checkShape, normalizeAxes, normalizeAxis, sameShape, sizeOf, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkOperation, checkTensor, expectDType } from './check.ts';
import { equal } from './compare.ts';
import { runBinary } from './run-binary.ts';
import { broadcastAxes, keptShape, runReduce } from './run-reduce.ts';
import { runSelect } from './run-select.ts';
import { scalarLike } from './scalar-like.ts';
import { reshape } from './shape.ts';
import { affine } from './affine.ts';
import { expandView, reshapeView } from './view.ts';

/** Options of the reductions. */
export interface ReduceOptions {
  /** Keep the reduced axes, with length 1. */
  readonly keepAxes?: boolean;
}

const rules: OptionRules<ReduceOptions> = { keepAxes: is.optional(is.boolean) };

function checkReduce(where: string, x: Tensor, options: ReduceOptions): void {
  checkTensor(where, 'x', x);
  checkOperation(where, options, rules);
}

/** The shape after the reduction. */
function reducedShape(shape: Shape, axes: readonly number[], { keepAxes = false }: ReduceOptions): number[] {
  return keepAxes ? keptShape(shape, axes) : shape.filter((_, axis) => !axes.includes(axis));
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
  const y = runReduce('sum', x, list, reducedShape(x.shape, list, options));
  record('sum', [y], {
    inputs: [x],
    backward: ([gradient]) => [expandView(reshapeView(gradient!, keptShape(x.shape, list)), x.shape)],
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
  const y = runReduce(op, x, list, reducedShape(x.shape, list, options));
  record(op, [y], {
    inputs: [x],
    saved: [x, y],
    backward: ([gradient], _wanted, [input, result]) => {
      const kept = keptShape(input!.shape, list);
      const stretched = (row: Tensor): Tensor => expandView(row, input!.shape);
      const row = reshapeView(result!, kept);
      const mask = equal(input!, stretched(row));
      const none = scalarLike(gradient!, 0);
      const count = runReduce('sum', runSelect(mask, scalarLike(gradient!, 1), none), list, kept);
      const share = runBinary('divide', reshapeView(gradient!, kept), count);
      // A row whose extremum is NaN has no largest element: its gradient is NaN, as in PyTorch.
      const rest = runSelect(equal(row, row), none, scalarLike(gradient!, NaN));
      return [runSelect(mask, stretched(share), stretched(rest))];
    },
  });
  return y;
}

/**
 * Returns the index of the first largest element along an axis, as i32. It has no gradient.
 *
 * @example
 * ```ts
 * argmax(tensor(backend, [[1, 5, 2]])); // [1]
 * ```
 *
 * @throws ArgumentError where the axis has length 0 or does not exist
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
  const axes = broadcastAxes(x, shape);
  return tidy(x.backend, () => reshape(sum(x, axes), shape));
}
