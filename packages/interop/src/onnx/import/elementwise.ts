import {
  absolute,
  add,
  ceil,
  cos,
  divide,
  exp,
  floor,
  log,
  maximum,
  minimum,
  multiply,
  negative,
  power,
  reciprocal,
  relu,
  sigmoid,
  sin,
  softplus,
  sqrt,
  subtract,
  tanh,
  type Tensor,
} from '@timestep/core';
import { equal, greater, less, select } from '@timestep/core';
import type { Operator, Operators } from './operators.ts';
import { broadcastHost, HostIntegers, isHost, onDevice } from './value.ts';

function unary(onTensor: (x: Tensor) => Tensor, onNumber?: (x: number) => number): Operator {
  return ({ backend }, [x]) =>
    isHost(x!) && onNumber ? [new HostIntegers(x.shape, x.data.map(onNumber))] : [onTensor(onDevice(backend, x!))];
}

/** On the host where both operands are there, else on the device. */
function binary(onTensor: (a: Tensor, b: Tensor) => Tensor, onNumber: (a: number, b: number) => number): Operator {
  return ({ node, backend }, [a, b]) =>
    isHost(a!) && isHost(b!)
      ? [broadcastHost(node.where, a, b, onNumber)]
      : [onTensor(onDevice(backend, a!), onDevice(backend, b!))];
}

/** Any number of operands. */
function variadic(onTensor: (a: Tensor, b: Tensor) => Tensor, onNumber: (a: number, b: number) => number): Operator {
  const two = binary(onTensor, onNumber);
  return (context, inputs) => [inputs.reduce((total, next) => two(context, [total, next])[0]!)!];
}

/** Operations on each element by itself. */
export const elementwise: Operators = {
  Abs: unary(absolute, Math.abs),
  Neg: unary(negative, (x) => -x),
  Ceil: unary(ceil),
  Floor: unary(floor),
  Cos: unary(cos),
  Sin: unary(sin),
  Exp: unary(exp),
  Log: unary(log),
  Sqrt: unary(sqrt),
  Reciprocal: unary(reciprocal),
  Relu: unary(relu),
  Sigmoid: unary(sigmoid),
  Softplus: unary(softplus),
  Tanh: unary(tanh),
  Identity: (_, [x]) => [x!],
  Dropout: (_, [x]) => [x!],
  Add: binary(add, (a, b) => a + b),
  Sub: binary(subtract, (a, b) => a - b),
  Mul: binary(multiply, (a, b) => a * b),
  Div: binary(divide, (a, b) => (b === 0 ? 0 : Math.trunc(a / b))),
  Pow: binary(power, (a, b) => Math.trunc(a ** b)),
  Max: variadic(maximum, Math.max),
  Min: variadic(minimum, Math.min),
  Less: binary(less, (a, b) => Number(a < b)),
  Greater: binary(greater, (a, b) => Number(a > b)),
  Equal: binary(equal, (a, b) => Number(a === b)),
  Where: ({ node, backend }, [condition, a, b]) => {
    if (isHost(condition!) && isHost(a!) && isHost(b!)) {
      // Two steps of two operands each: c·a where c is set, then b where it is not.
      const chosen = broadcastHost(node.where, condition, a, (c, x) => (c === 0 ? NaN : x));
      return [broadcastHost(node.where, chosen, b, (x, y) => (Number.isNaN(x) ? y : x))];
    }
    const mask = isHost(condition!)
      ? equal(
          onDevice(
            backend,
            new HostIntegers(
              condition.shape,
              condition.data.map((c) => (c === 0 ? 0 : 1)),
            ),
          ),
          onDevice(backend, new HostIntegers([], [1])),
        )
      : condition!;
    return [select(mask, onDevice(backend, a!), onDevice(backend, b!))];
  },
};
