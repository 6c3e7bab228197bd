import {
  absolute,
  add,
  exp,
  full,
  isFinite,
  log,
  max,
  mean,
  min,
  multiply,
  reshape,
  select,
  slice,
  sqrt,
  square,
  subtract,
  sum,
  concat,
  transpose,
  type Tensor,
} from '@timestep/core';
import { descriptions, isFloat, type ElementType } from '../element-type.ts';
import { operator, type Call, type Operator, type Operators } from '../operator.ts';
import { stridedPlaces, stridesOf } from '../places.ts';
import { HostValue, isHost, sizeOf } from '../value.ts';

interface Reduction {
  readonly onTensor: (x: Tensor, axes: readonly number[], keepAxes: boolean) => Tensor;
  readonly onNumbers: (values: HostValue['data']) => number;
  /** Whether booleans are supported. */
  readonly masks?: boolean;
}

/** The axes: an attribute, or an input from operator set 18 on (13 for ReduceSum). */
function axesOf(call: Call, rank: number): number[] {
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const given = call.numbers(1, 'axes') ?? (call.node.has('axes') ? call.node.ints('axes', []) : undefined);
  if (!given || given.length === 0) return call.node.int('noop_with_empty_axes', 0) === 1 ? [] : all;
  return call.axes(given, rank).sort((a, b) => a - b);
}

function reduction({ onTensor, onNumbers, masks = false }: Reduction): Operator {
  return operator(
    (call: Call) => {
      const x = call.value(0);
      const axes = axesOf(call, x.shape.length);
      const keep = call.node.int('keepdims', 1) === 1;
      if (x.type === 'bool' && !masks) call.refuse('has boolean inputs; only numbers are supported');
      if (!isHost(x) && isFloat(x.type)) return call.device(x.type, onTensor(x.tensor, axes, keep));
      return reduceHost(call, call.host(x, 'numbers'), axes, keep, onNumbers);
    },
    { inputs: [1, 2], attributes: ['axes', 'keepdims', 'noop_with_empty_axes'] },
  );
}

function reduceHost(
  call: Call,
  x: HostValue,
  axes: readonly number[],
  keep: boolean,
  reduce: Reduction['onNumbers'],
): HostValue {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...rest, ...axes];
  const strides = stridesOf(x.shape);
  const places = stridedPlaces(
    order.map((axis) => x.shape[axis]!),
    order.map((axis) => strides[axis]!),
  );
  const length = sizeOf(axes.map((axis) => x.shape[axis]!));
  const shape = keep
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : rest.map((axis) => x.shape[axis]!);
  const values = Float64Array.from({ length: call.size(shape) }, (_, n) =>
    within(x.type, reduce(Float64Array.from(places.subarray(n * length, (n + 1) * length), (place) => x.data[place]!))),
  );
  if (!isFloat(x.type) && values.some((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER))
    call.fail('INVALID_TENSOR', 'computes with integers beyond 2^53, which are not exact here');
  return HostValue.of(x.type, shape, values);
}

/** The extreme of an empty list is the limit of the type. */
function within(type: ElementType, value: number): number {
  if (isFloat(type) || Number.isFinite(value)) return value;
  const bits = Math.min(53, 8 * descriptions[type].bytes);
  const [least, greatest] =
    type === 'bool' ? [0, 1] : type.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return value < 0 ? least : greatest;
}

/** The product along an axis, by halving: one step per binary digit of the length, with a gradient at 0 too. */
function product(x: Tensor, axes: readonly number[], keepAxes: boolean): Tensor {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const length = sizeOf(axes.map((axis) => x.shape[axis]!));
  const shape = keepAxes
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : rest.map((axis) => x.shape[axis]!);
  if (length === 0) return full(x.backend, shape, 1);
  let rows = reshape(transpose(x, [...rest, ...axes]), [x.size / length, length]);
  for (let left = length; left > 1; left = Math.ceil(left / 2)) {
    const half = Math.floor(left / 2);
    const both = multiply(slice(rows, 1, 0, half), slice(rows, 1, half, 2 * half));
    rows = left % 2 === 0 ? both : concat([both, slice(rows, 1, left - 1, left)], 1);
  }
  return reshape(rows, shape);
}

function logSumExp(x: Tensor, axes: readonly number[], keepAxes: boolean): Tensor {
  if (axes.length === 0 || x.size === 0) return log(sum(exp(x), axes, { keepAxes }));
  const greatest = max(x.detach(), axes, { keepAxes: true });
  const shift = select(isFinite(greatest), greatest, full(x.backend, [], 0));
  const total = log(sum(exp(subtract(x, shift)), axes, { keepAxes: true }));
  const kept = add(total, shift);
  return keepAxes
    ? kept
    : reshape(
        kept,
        x.shape.filter((_, axis) => !axes.includes(axis)),
      );
}

const total = (values: ArrayLike<number>) => {
  let result = 0;
  for (let n = 0; n < values.length; n++) result += values[n]!;
  return result;
};

function extremum(better: (a: number, b: number) => boolean, least: number): Reduction['onNumbers'] {
  return (values) => {
    let best = least;
    for (let n = 0; n < values.length; n++) if (Number.isNaN(values[n]!) || better(values[n]!, best)) best = values[n]!;
    return best;
  };
}

const squares = (values: ArrayLike<number>) => total(Array.from(values, (value) => value * value));

/** Sums, extremes and other numbers along axes. */
export const reductions: Operators = {
  ReduceL1: reduction({
    onTensor: (x, axes, keepAxes) => sum(absolute(x), axes, { keepAxes }),
    onNumbers: (values) => total(Array.from(values, Math.abs)),
  }),
  ReduceL2: reduction({
    onTensor: (x, axes, keepAxes) => sqrt(sum(square(x), axes, { keepAxes })),
    onNumbers: (values) => Math.sqrt(squares(values)),
  }),
  ReduceLogSum: reduction({
    onTensor: (x, axes, keepAxes) => log(sum(x, axes, { keepAxes })),
    onNumbers: (values) => Math.log(total(values)),
  }),
  ReduceLogSumExp: reduction({
    onTensor: logSumExp,
    onNumbers: (values) => {
      const greatest = extremum((a, b) => a > b, -Infinity)(values);
      const shift = Number.isFinite(greatest) ? greatest : 0;
      return shift + Math.log(total(Array.from(values, (value) => Math.exp(value - shift))));
    },
  }),
  ReduceMax: reduction({
    onTensor: (x, axes, keepAxes) => max(x, axes, { keepAxes }),
    onNumbers: extremum((a, b) => a > b, -Infinity),
    masks: true,
  }),
  ReduceMean: reduction({
    onTensor: (x, axes, keepAxes) => mean(x, axes, { keepAxes }),
    onNumbers: (values) => total(values) / values.length,
  }),
  ReduceMin: reduction({
    onTensor: (x, axes, keepAxes) => min(x, axes, { keepAxes }),
    onNumbers: extremum((a, b) => a < b, Infinity),
    masks: true,
  }),
  ReduceProd: reduction({ onTensor: product, onNumbers: (values) => Array.from(values).reduce((a, b) => a * b, 1) }),
  ReduceSum: reduction({ onTensor: (x, axes, keepAxes) => sum(x, axes, { keepAxes }), onNumbers: total }),
  ReduceSumSquare: reduction({
    onTensor: (x, axes, keepAxes) => sum(square(x), axes, { keepAxes }),
    onNumbers: squares,
  }),
};
