import {
  add,
  affine,
  layerNorm,
  logSoftmax,
  matmul,
  max,
  mean,
  reshape,
  softmax,
  sum,
  type Tensor,
} from '@timestep/core';
import { ensure } from '../../errors.ts';
import type { Context, Operator, Operators } from './operators.ts';
import { isHost, onDevice, onHost, type Value } from './value.ts';

function floats({ backend }: Context, value: Value | null | undefined): Tensor | null {
  return value ? onDevice(backend, value) : null;
}

function needed(context: Context, value: Value | null | undefined): Tensor {
  const found = floats(context, value);
  ensure(found !== null, 'MALFORMED_FILE', () => `[onnx] ${context.node.where} lacks an input`);
  return found;
}

function reduction(reduce: (x: Tensor, axes?: readonly number[], options?: { keepAxes: boolean }) => Tensor): Operator {
  return (context, [x, axes]) => {
    const { node } = context;
    const given = axes ? onHost(node.where, 'axes', axes).data : node.has('axes') ? node.ints('axes', []) : undefined;
    const none = given === undefined && node.int('noop_with_empty_axes', 0) === 1;
    return [none ? x! : reduce(needed(context, x), given, { keepAxes: node.int('keepdims', 1) === 1 })];
  };
}

/** Products, sums and what is made of them. */
export const products: Operators = {
  MatMul: (context, [a, b]) => {
    const [left, right] = [needed(context, a), needed(context, b)];
    if (left.rank !== 1 && right.rank !== 1) return [matmul(left, right)];
    // A vector is a row on the left and a column on the right, and its axis goes again.
    const y = matmul(
      left.rank === 1 ? reshape(left, [1, left.size]) : left,
      right.rank === 1 ? reshape(right, [right.size, 1]) : right,
    );
    const shape = [...y.shape];
    if (right.rank === 1) shape.splice(-1);
    if (left.rank === 1) shape.splice(right.rank === 1 ? -1 : -2, 1);
    return [reshape(y, shape)];
  },
  Gemm: (context, [a, b, c]) => {
    const { node } = context;
    const product = matmul(needed(context, a), needed(context, b), {
      transposeA: node.int('transA', 0) === 1,
      transposeB: node.int('transB', 0) === 1,
    });
    const scaled = node.float('alpha', 1) === 1 ? product : affine(product, node.float('alpha', 1));
    const bias = floats(context, c);
    return [bias ? add(scaled, node.float('beta', 1) === 1 ? bias : affine(bias, node.float('beta', 1))) : scaled];
  },
  LayerNormalization: (context, [x, scale, bias]) => {
    const { node } = context;
    const input = needed(context, x);
    const axis = node.int('axis', -1);
    ensure(
      axis === -1 || axis === input.rank - 1,
      'UNSUPPORTED_MODEL',
      () => `[onnx] ${node.where} normalises from axis ${axis} on; the last axis can be read`,
    );
    return [layerNorm(input, needed(context, scale), floats(context, bias), { epsilon: node.float('epsilon', 1e-5) })];
  },
  Softmax: (context, [x]) => [softmax(needed(context, x), context.node.int('axis', -1))],
  LogSoftmax: (context, [x]) => [logSoftmax(needed(context, x), context.node.int('axis', -1))],
  ReduceMax: reduction(max),
  ReduceMean: reduction(mean),
  ReduceSum: (context, inputs) => {
    ensure(!isHost(inputs[0]!), 'UNSUPPORTED_MODEL', () => `[onnx] ${context.node.where} sums whole numbers`);
    return reduction(sum)(context, inputs);
  },
};
