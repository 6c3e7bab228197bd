import {
  absolute,
  ceil,
  cos,
  exp,
  expm1,
  floor,
  log,
  log1p,
  logSoftmax,
  negative,
  reciprocal,
  relu,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softmax,
  softplus,
  sqrt,
  square,
  tanh,
  type Tensor,
} from '@timestep/core';
import { InteropError } from '../../errors.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { add, multiply, scalar } from './parts.ts';

type Activation = (x: Tensor) => Tensor;

/** Functions with an ONNX operator. */
const operators = new Map<Activation, string>([
  [absolute, 'Abs'],
  [ceil, 'Ceil'],
  [cos, 'Cos'],
  [exp, 'Exp'],
  [floor, 'Floor'],
  [log, 'Log'],
  [logSoftmax, 'LogSoftmax'],
  [negative, 'Neg'],
  [reciprocal, 'Reciprocal'],
  [relu, 'Relu'],
  [sigmoid, 'Sigmoid'],
  [sign, 'Sign'],
  [sin, 'Sin'],
  [softmax, 'Softmax'],
  [softplus, 'Softplus'],
  [sqrt, 'Sqrt'],
  [tanh, 'Tanh'],
]);

/** Functions that need several operators. */
const composed = new Map<Activation, (graph: OnnxGraph, x: OnnxValue) => OnnxValue>([
  [square, (graph, x) => multiply(graph, x, x)],
  [rsqrt, (graph, x) => graph.one('Reciprocal', [graph.one('Sqrt', [x], {}, x)], {}, x)],
  // ONNX has no operators for these. Near 0, the error is that of 1 + x in float32.
  [expm1, (graph, x) => add(graph, graph.one('Exp', [x], {}, x), scalar(graph, -1))],
  [log1p, (graph, x) => graph.one('Log', [add(graph, x, scalar(graph, 1))], {}, x)],
]);

/**
 * Exports an elementwise function of core, or a softmax.
 *
 * @throws InteropError `UNSUPPORTED_MODEL` for any other function, because a file cannot contain TypeScript
 */
export function exportFunction(graph: OnnxGraph, of: Activation, x: OnnxValue): OnnxValue {
  const opType = operators.get(of);
  if (opType) return graph.one(opType, [x], opType.endsWith('oftmax') ? { axis: -1 } : {}, x);
  const build = composed.get(of);
  if (build) return build(graph, x);
  throw new InteropError(
    'UNSUPPORTED_MODEL',
    `[onnx] the function ${of.name || 'without a name'} cannot be exported; use a function of core, such as tanh or softplus, or a module with a method onnx(graph, x, input)`,
  );
}
