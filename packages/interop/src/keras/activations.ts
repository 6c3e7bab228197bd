import {
  absolute,
  add,
  affine,
  clamp,
  divide,
  exp,
  expm1,
  full,
  greater,
  greaterEqual,
  logSoftmax,
  lessEqual,
  multiply,
  negative,
  reciprocal,
  relu,
  select,
  sigmoid,
  sign,
  slice,
  softmax,
  softplus,
  sqrt,
  square,
  subtract,
  tanh,
  tidy,
  type Tensor,
} from '@timestep/core';
import { InteropError } from '../errors.ts';
import { anyRecord } from './config-reader.ts';
import { CallReader } from './call-reader.ts';
import type { LayerSource } from './layer.ts';
import * as v from 'valibot';
import { Value } from './value.ts';

export type Activation = (x: Tensor) => Tensor;

const scalar = (x: Tensor, value: number): Tensor => full(x.backend, [], value);

/** Returns x where x > limit, and `below(x)` elsewhere. */
export function above(x: Tensor, limit: number, below: Tensor): Tensor {
  return select(greater(x, scalar(x, limit)), x, below);
}

export function leakyRelu(x: Tensor, slope: number): Tensor {
  return above(x, 0, affine(x, slope));
}

export function elu(x: Tensor, alpha: number): Tensor {
  return above(x, 0, affine(expm1(x), alpha));
}

/** Abramowitz and Stegun 7.1.26: within 1.5e-7. */
function erf(x: Tensor): Tensor {
  const t = reciprocal(affine(absolute(x), 0.3275911, 1));
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const polynomial = coefficients.reduce<Tensor | null>(
    (sum, coefficient) => multiply(sum ? affine(sum, 1, coefficient) : affine(t, 0, coefficient), t),
    null,
  )!;
  return multiply(sign(x), affine(multiply(polynomial, exp(negative(square(x)))), -1, 1));
}

export const hardSigmoid: Activation = (x) => affine(clamp(affine(x, 1, 3), 0, 6), 1 / 6);

/** The functions that Keras knows by name, with their default arguments. */
const functions: Readonly<Record<string, Activation>> = {
  linear: (x) => x,
  relu,
  relu6: (x) => clamp(x, 0, 6),
  leaky_relu: (x) => leakyRelu(x, 0.2),
  elu: (x) => elu(x, 1),
  celu: (x) => elu(x, 1),
  selu: (x) => affine(elu(x, 1.6732632423543772), 1.0507009873554805),
  gelu: (x) => multiply(affine(x, 0.5), affine(erf(affine(x, Math.SQRT1_2)), 1, 1)),
  silu: (x) => multiply(x, sigmoid(x)),
  swish: (x) => multiply(x, sigmoid(x)),
  mish: (x) => multiply(x, tanh(softplus(x))),
  tanh,
  sigmoid,
  hard_sigmoid: hardSigmoid,
  hard_silu: (x) => multiply(x, hardSigmoid(x)),
  hard_swish: (x) => multiply(x, hardSigmoid(x)),
  hard_tanh: (x) => clamp(x, -1, 1),
  tanh_shrink: (x) => subtract(x, tanh(x)),
  hard_shrink: (x) => select(greater(absolute(x), scalar(x, 0.5)), x, scalar(x, 0)),
  soft_shrink: (x) => select(greater(absolute(x), scalar(x, 0.5)), subtract(x, affine(sign(x), 0.5)), scalar(x, 0)),
  exponential: exp,
  softplus,
  softsign: (x) => divide(x, affine(absolute(x), 1, 1)),
  squareplus: (x) => affine(add(x, sqrt(affine(square(x), 1, 4))), 0.5),
  log_sigmoid: (x) => negative(softplus(negative(x))),
  sparse_plus: (x) =>
    select(
      greaterEqual(x, scalar(x, 1)),
      x,
      select(lessEqual(x, scalar(x, -1)), scalar(x, 0), affine(square(affine(x, 1, 1)), 0.25)),
    ),
  sparse_sigmoid: (x) => clamp(affine(x, 0.5, 0.5), 0, 1),
  softmax: (x) => softmax(x),
  log_softmax: (x) => logSoftmax(x),
  glu: (x) => {
    const half = x.shape.at(-1)! / 2;
    return multiply(slice(x, -1, 0, half), sigmoid(slice(x, -1, half)));
  },
};

const layersOfPoints = ['ReLU', 'LeakyReLU', 'ELU', 'PReLU'];

/**
 * Returns the activation of a configuration, which may be a name or a layer.
 *
 * @throws InteropError `UNSUPPORTED_MODEL` for an unknown activation
 */
export function activationOf(source: LayerSource, key = 'activation', fallback?: string): Activation {
  const given = source.config.get(key, v.nullable(v.union([v.string(), anyRecord])), fallback);
  if (given === null || given === 'linear') return (x) => x;
  if (typeof given === 'string' && Object.hasOwn(functions, given)) {
    const body = functions[given]!;
    return (x) => tidy(x.backend, () => body(x));
  }
  if (typeof given === 'object' && layersOfPoints.includes(given['class_name'] as string))
    return layerActivation(source, given, key);
  const name = typeof given === 'string' ? given : JSON.stringify(given['config'] ?? given['class_name'] ?? null);
  throw new InteropError(
    'UNSUPPORTED_MODEL',
    `[keras] ${source.where} has the activation ${name}; ${Object.keys(functions).join(', ')} are known`,
  );
}

function layerActivation(source: LayerSource, config: unknown, key: string): Activation {
  const layer = source.builder.build(config, source.weights.at(key));
  const compute = layer.bind(new CallReader(source.where, [{ source: (run) => run.values.get('x')! }]));
  return (x) =>
    compute({
      backend: x.backend,
      training: false,
      masksFromData: false,
      states: new Map(),
      values: new Map([['x', Value.of(x)]]),
    })[0]!.tensor;
}
