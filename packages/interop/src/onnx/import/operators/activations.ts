import {
  absolute,
  add,
  affine,
  divide,
  exp,
  full,
  greater,
  less,
  maximum,
  minimum,
  multiply,
  relu,
  select,
  sigmoid,
  softplus,
  square,
  tanh,
  type Tensor,
} from '@timestep/core';
import { isFloat } from '../element-type.ts';
import { mapHost, zipHost } from '../host-math.ts';
import { operator, type Call, type Operator, type Operators } from '../operator.ts';
import { HostValue, isHost, sizeOf, type Value } from '../value.ts';
import { atLeast, erf, hostErf, unary } from './unary.ts';

const number = (x: Tensor, value: number) => full(x.backend, [], value);
const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const rectify = (x: number) => (Number.isNaN(x) ? x : Math.max(x, 0));

/** α(eˣ − 1) for x ≤ 0, computed from min(x, 0) so that the values not selected stay finite. */
function exponential(x: Tensor, alpha: number): Tensor {
  return affine(exp(minimum(x, 0)), alpha, -alpha);
}

function clamped(x: Tensor): Tensor {
  return minimum(maximum(x, 0), 1);
}

/** An activation with numeric attributes α and β, and their defaults. */
function parametric(
  defaults: Readonly<Record<string, number>>,
  onTensor: (x: Tensor, a: number, b: number) => Tensor,
  onNumber: (x: number, a: number, b: number) => number,
): Operator {
  return operator(
    (call: Call) => {
      const [a = 0, b = 0] = Object.entries(defaults).map(([name, value]) => call.node.float(name, value));
      const x = call.value(0);
      if (!isHost(x) && isFloat(x.type)) return call.device(x.type, onTensor(x.tensor, a, b));
      return mapHost(call.host(x, 'numbers'), (value) => onNumber(value, a, b));
    },
    { attributes: Object.keys(defaults) },
  );
}

const elu = (x: Tensor, alpha: number) => select(greater(x, number(x, 0)), x, exponential(x, alpha));
const hostElu = (x: number, alpha: number) => (x > 0 ? x : alpha * Math.expm1(x));

export const activations = {
  elu,
  hardSigmoid: (x: Tensor, alpha: number, beta: number) => clamped(affine(x, alpha, beta)),
  leakyRelu: (x: Tensor, alpha: number) => select(atLeast(x, 0), x, affine(x, alpha)),
  softsign: (x: Tensor) => divide(x, affine(absolute(x), 1, 1)),
  thresholdedRelu: (x: Tensor, alpha: number) => select(greater(x, number(x, alpha)), x, number(x, 0)),
} as const;

/** The bounds of Clip: attributes up to operator set 10, inputs since. */
function bound(call: Call, input: number, name: string): Value | null {
  if (call.opset >= 11) return call.optional(input);
  return call.node.has(name) ? HostValue.of(call.value(0).type, [], [call.node.float(name, 0)]) : null;
}

/** Activation functions. */
export const activationOperators: Operators = {
  Celu: parametric(
    { alpha: 1 },
    (x, alpha) => add(maximum(x, 0), affine(exp(affine(minimum(x, 0), 1 / alpha)), alpha, -alpha)),
    (x, alpha) => Math.max(x, 0) + Math.min(0, alpha * Math.expm1(x / alpha)),
  ),
  Clip: operator(
    (call: Call) => {
      let x = call.value(0);
      for (const [input, name, onTensor, onNumber] of [
        [1, 'min', maximum, Math.max],
        [2, 'max', minimum, Math.min],
      ] as const) {
        const limit = bound(call, input, name);
        if (!limit) continue;
        call.sameType([x, limit]);
        call.ensure(sizeOf(limit.shape) === 1, () => `has a bound '${name}' of ${sizeOf(limit.shape)} numbers`);
        const [value, end] = [isHost(x) || !isFloat(x.type) ? call.host(x, 'numbers') : x, limit];
        if (isHost(value) && isHost(end)) x = zipHost(call, value, end, x.type, onNumber);
        else if (isHost(end)) x = call.device(x.type, onTensor(call.put(value), end.data[0]!));
        else x = call.device(x.type, onTensor(call.put(value), call.put(end)));
      }
      return x;
    },
    { inputs: [1, 3], attributes: ['min', 'max'] },
  ),
  Dropout: operator(
    (call: Call) => {
      const x = call.value(0);
      const ratio = call.number(1, 'ratio') ?? call.node.float('ratio', 0.5);
      if (call.number(2, 'training_mode') === 1 && ratio > 0)
        call.refuse("has the input 'training_mode' set; export the model in evaluation mode");
      if (!call.wants(1)) return x;
      const kept = new Float64Array(call.size(x.shape)).fill(1);
      return [x, HostValue.of(call.opset >= 10 ? 'bool' : x.type, x.shape, kept)];
    },
    { inputs: [1, 3], outputs: 2, attributes: ['ratio', 'seed'] },
  ),
  Elu: parametric({ alpha: 1 }, elu, hostElu),
  Gelu: operator(
    (call: Call) => {
      const kind = call.node.text('approximate', 'none');
      if (kind !== 'none' && kind !== 'tanh') call.refuse(`has the attribute approximate '${kind}'`);
      const x = call.value(0);
      if (isHost(x))
        return mapHost(x, (value) =>
          kind === 'none'
            ? 0.5 * value * (1 + hostErf(value / Math.SQRT2))
            : 0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3))),
        );
      const t = call.floats(x);
      const share =
        kind === 'none'
          ? erf(affine(t, Math.SQRT1_2))
          : tanh(multiply(affine(t, Math.sqrt(2 / Math.PI)), affine(square(t), 0.044715, 1)));
      return call.device(x.type, multiply(t, affine(share, 0.5, 0.5)));
    },
    { attributes: ['approximate'], since: 20 },
  ),
  HardSigmoid: parametric({ alpha: 0.2, beta: 0.5 }, activations.hardSigmoid, (x, a, b) =>
    Math.min(1, Math.max(0, a * x + b)),
  ),
  HardSwish: unary(
    (x) => multiply(x, clamped(affine(x, 1 / 6, 0.5))),
    (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
  ),
  LeakyRelu: parametric({ alpha: 0.01 }, activations.leakyRelu, (x, alpha) => (x < 0 ? alpha * x : x)),
  Mish: unary(
    (x) => multiply(x, tanh(softplus(x))),
    (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  ),
  PRelu: operator(
    (call: Call) => {
      const [x, slope] = [call.value(0), call.value(1)];
      const type = call.sameType([x, slope]);
      if (isHost(x) && isHost(slope))
        return zipHost(call, x, slope, type, (value, s) => (value < 0 ? s * value : value));
      if (!isFloat(type))
        return zipHost(call, call.host(x, 'numbers'), call.host(slope, 'slope'), type, (v, s) => (v < 0 ? s * v : v));
      const [t, s] = [call.put(x), call.put(slope)];
      return call.device(type, select(less(t, number(t, 0)), multiply(t, s), t));
    },
    { inputs: [2, 2] },
  ),
  Relu: unary(relu, rectify),
  Selu: parametric(
    { alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875 },
    (x, alpha, gamma) => affine(elu(x, alpha), gamma),
    (x, alpha, gamma) => gamma * hostElu(x, alpha),
  ),
  Shrink: parametric(
    { bias: 0, lambd: 0.5 },
    (x, bias, lambda) =>
      select(
        less(x, number(x, -lambda)),
        affine(x, 1, bias),
        select(greater(x, number(x, lambda)), affine(x, 1, -bias), number(x, 0)),
      ),
    (x, bias, lambda) => (x < -lambda ? x + bias : x > lambda ? x - bias : 0),
  ),
  Sigmoid: unary(sigmoid, logistic),
  Softplus: unary(softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Softsign: unary(activations.softsign, (x) => x / (1 + Math.abs(x))),
  Swish: parametric(
    { alpha: 1 },
    (x, alpha) => multiply(x, sigmoid(affine(x, alpha))),
    (x, alpha) => x * logistic(alpha * x),
  ),
  Tanh: unary(tanh, Math.tanh),
  ThresholdedRelu: parametric({ alpha: 1 }, activations.thresholdedRelu, (x, alpha) => (x > alpha ? x : 0)),
};
