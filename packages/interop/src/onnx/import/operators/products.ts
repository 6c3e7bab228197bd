import {
  add,
  affine,
  argmax,
  equal,
  full,
  logSoftmax,
  matmul,
  reshape,
  select,
  softmax,
  tensor,
  type Tensor,
} from '@timestep/core';
import { einsum } from './einsum.ts';
import { isFloat } from '../element-type.ts';
import { operator, type Call, type Operator, type Operators } from '../operator.ts';
import { broadcastStridesOf, stridedPlaces } from '../places.ts';
import { broadcastShape, HostValue, show, sizeOf } from '../value.ts';

/**
 * The matrix product over the last two axes. A vector counts as a row on the left and a column on the right, and its
 * extra axis is removed from the result.
 */
function product(left: Tensor, right: Tensor): Tensor {
  if (left.rank !== 1 && right.rank !== 1) return matmul(left, right);
  const y = matmul(
    left.rank === 1 ? reshape(left, [1, left.size]) : left,
    right.rank === 1 ? reshape(right, [right.size, 1]) : right,
  );
  const shape = [...y.shape];
  if (right.rank === 1) shape.splice(-1);
  if (left.rank === 1) shape.splice(right.rank === 1 ? -1 : -2, 1);
  return reshape(y, shape);
}

/** The same for integers, on the host. */
function productHost(call: Call, a: HostValue, b: HostValue): HostValue {
  const [left, right] = [
    a.shape.length === 1 ? [1, ...a.shape] : a.shape,
    b.shape.length === 1 ? [...b.shape, 1] : b.shape,
  ];
  const [m, k, n] = [left.at(-2)!, left.at(-1)!, right.at(-1)!];
  const batch = broadcastShape([left.slice(0, -2), right.slice(0, -2)]);
  call.ensure(
    batch !== null && right.at(-2) === k,
    () => `multiplies the shapes ${show(a.shape)} and ${show(b.shape)}`,
  );
  const starts = (shape: readonly number[]) =>
    stridedPlaces(batch, broadcastStridesOf(shape.slice(0, -2), batch)).map(
      (place) => place * shape.at(-2)! * shape.at(-1)!,
    );
  const [from, to] = [starts(left), starts(right)];
  const values = new Float64Array(call.size([...batch, m, n]));
  call.ensure(
    values.length * k <= 2 ** 28,
    () => `multiplies ${values.length} times ${k} integers, too many for the host`,
  );
  for (let at = 0; at < values.length; at++) {
    const [p, row, column] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a.data[from[p]! + row * k + i]! * b.data[to[p]! + i * n + column]!;
    values[at] = sum;
  }
  if (values.some((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER))
    call.fail('INVALID_TENSOR', 'computes with integers beyond 2^53, which are not exact here');
  const shape = [...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])];
  return HostValue.of(a.type, shape, values);
}

/** A function of rows. Before operator set 13, all axes from `axis` on form a row; since then, only `axis` does. */
function overRows(onRows: (x: Tensor, axis: number) => Tensor): Operator {
  return operator(
    (call: Call) => {
      const x = call.value(0);
      const input = call.floats(x);
      call.ensure(input.rank > 0, () => 'is given a scalar');
      const axis = call.node.int('axis', call.opset < 13 ? 1 : -1);
      if (call.opset >= 13) return call.device(x.type, onRows(input, call.axis(axis, input.rank)));
      const at = axis === input.rank ? axis : call.axis(axis, input.rank);
      const rows = reshape(input, [sizeOf(input.shape.slice(0, at)), sizeOf(input.shape.slice(at))]);
      return call.device(x.type, reshape(onRows(rows, 1), input.shape));
    },
    { attributes: ['axis'] },
  );
}

/** 1 at the first largest element of a row, 0 elsewhere. */
function hardmax(x: Tensor, axis: number): Tensor {
  const shape = x.shape.map((_, k) => (k === axis ? x.shape[axis]! : 1));
  const index = argmax(x, axis);
  const first = reshape(index, x.shape.toSpliced(axis, 1, 1));
  const places = tensor(
    x.backend,
    Int32Array.from({ length: x.shape[axis]! }, (_, n) => n),
    { shape },
  );
  const [one, zero] = [1, 0].map((value) => full(x.backend, [], value)) as [Tensor, Tensor];
  return select(equal(places, first), one, zero);
}

/** Products, and functions of rows. */
export const productOperators: Operators = {
  MatMul: operator(
    (call: Call) => {
      const [a, b] = [call.value(0), call.value(1)];
      const type = call.sameType([a, b]);
      call.ensure(a.shape.length > 0 && b.shape.length > 0, () => 'multiplies a scalar');
      if (isFloat(type)) return call.device(type, product(call.put(a), call.put(b)));
      return productHost(call, call.host(a, 'integers'), call.host(b, 'integers'));
    },
    { inputs: [2, 2] },
  ),
  Gemm: operator(
    (call: Call) => {
      const { node } = call;
      const [a, b] = [call.value(0), call.value(1)];
      const type = call.sameType([a, b]);
      const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
      const y = matmul(call.floats(a), call.floats(b), {
        transposeA: node.int('transA', 0) !== 0,
        transposeB: node.int('transB', 0) !== 0,
      });
      const scaled = alpha === 1 ? y : affine(y, alpha);
      const c = call.optionalTensor(2);
      return call.device(type, c ? add(scaled, beta === 1 ? c : affine(c, beta)) : scaled);
    },
    { inputs: [2, 3], attributes: ['alpha', 'beta', 'transA', 'transB'] },
  ),
  Einsum: operator(
    (call: Call) => {
      const values = call.inputs.map((_, k) => call.value(k));
      const type = call.sameType(values);
      const tensors = values.map((value) => call.floats(value));
      return call.device(type, einsum(call, call.node.text('equation', ''), tensors));
    },
    { inputs: [1, Infinity], attributes: ['equation'] },
  ),
  Softmax: overRows((x, axis) => softmax(x, axis)),
  LogSoftmax: overRows((x, axis) => logSoftmax(x, axis)),
  Hardmax: overRows(hardmax),
};
