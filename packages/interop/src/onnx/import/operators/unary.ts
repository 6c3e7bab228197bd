import {
  absolute,
  add,
  affine,
  and,
  ceil,
  cos,
  divide,
  equal,
  exp,
  floor,
  full,
  greater,
  greaterEqual,
  isFinite,
  less,
  log,
  log1p,
  logicalNot,
  multiply,
  negative,
  notEqual,
  reciprocal,
  select,
  sign,
  sin,
  sqrt,
  square,
  subtract,
  type Tensor,
} from '@timestep/core';
import { descriptions, isFloat, toEven } from '../element-type.ts';
import { mapHost } from '../host-math.ts';
import { operator, type Operator, type Operators, type Call } from '../operator.ts';
import { HostValue, isHost } from '../value.ts';

/** An elementwise function: of floats on the device, with a gradient, and of any numbers on the host. */
export function unary(onTensor: (x: Tensor) => Tensor, onNumber: (x: number) => number): Operator {
  return operator((call: Call) => {
    const x = call.value(0);
    if (!isHost(x) && isFloat(x.type)) return call.device(x.type, onTensor(x.tensor));
    if (x.type === 'bool') call.refuse('has boolean inputs; only numbers are supported');
    return mapHost(call.host(x, 'integers'), onNumber);
  });
}

/** An elementwise test. */
function question(
  onTensor: (x: Tensor, call: Parameters<Operator['run']>[0]) => Tensor,
  onNumber: (x: number, call: Parameters<Operator['run']>[0]) => boolean,
  attributes: readonly string[] = [],
): Operator {
  return operator(
    (call: Call) => {
      const x = call.value(0);
      if (!isHost(x) && isFloat(x.type)) return call.device('bool', onTensor(x.tensor, call));
      return mapHost(call.host(x, 'numbers'), (value) => Number(onNumber(value, call)), 'bool');
    },
    { attributes },
  );
}

const number = (x: Tensor, value: number) => full(x.backend, [], value);

/** The nearest integer, ties to even. */
function round(x: Tensor): Tensor {
  const below = floor(x);
  const rest = subtract(x, below);
  const odd = notEqual(affine(floor(affine(below, 0.5)), 2), below);
  const half = equal(rest, number(x, 0.5));
  const up = select(half, affine(castMask(odd), 1), castMask(greater(rest, number(x, 0.5))));
  // Infinities have no fraction.
  return select(isFinite(x), add(below, up), x);
}

function castMask(mask: Tensor): Tensor {
  return select(mask, number(mask, 1), number(mask, 0));
}

/**
 * The error function, composed of operations with gradients: its series within ±0.5, and approximation 7.1.26 of
 * Abramowitz and Stegun (1964) beyond, within 1.5e-7.
 */
export function erf(x: Tensor): Tensor {
  const size = absolute(x);
  const small = less(size, number(x, 0.5));
  const x2 = square(x);
  const series = multiply(
    affine(x, 2 / Math.sqrt(Math.PI)),
    polynomial(x2, [1, -1 / 3, 1 / 10, -1 / 42, 1 / 216, -1 / 1320]),
  );
  const t = reciprocal(affine(size, 0.3275911, 1));
  const tail = polynomial(t, [0, 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429]);
  const far = multiply(sign(x), affine(multiply(tail, exp(negative(x2))), -1, 1));
  return select(small, series, far);
}

/** Σ cₖ·xᵏ */
export function polynomial(x: Tensor, coefficients: readonly number[]): Tensor {
  let sum = affine(x, coefficients.at(-1)!, coefficients.at(-2));
  for (const coefficient of coefficients.slice(0, -2).reverse()) sum = affine(multiply(sum, x), 1, coefficient);
  return sum;
}

export function hostErf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    // The series, until its terms no longer change the sum.
    let [term, sum] = [x, x];
    for (let n = 1; Math.abs(term) > 1e-18; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  // The continued fraction of erfc, from the far end.
  let fraction = size;
  for (let n = 60; n > 0; n--) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-x * x) / fraction / Math.sqrt(Math.PI));
}

/** atan by three halvings of the angle, tan(a/2) = t/(1 + √(1 + t²)), and the series of what is left. */
export function atan(x: Tensor): Tensor {
  let t = x;
  for (let n = 0; n < 3; n++) t = divide(t, affine(sqrt(affine(square(t), 1, 1)), 1, 1));
  return affine(multiply(t, polynomial(square(t), [1, -1 / 3, 1 / 5, -1 / 7, 1 / 9, -1 / 11])), 8);
}

const asin = (x: Tensor) => atan(divide(x, sqrt(affine(square(x), -1, 1))));
const half = (x: Tensor, y: Tensor) => affine(x === y ? x : add(x, y), 0.5);

/** Functions of one value. */
export const unaryOperators: Operators = {
  Abs: unary(absolute, Math.abs),
  Acos: unary((x) => affine(asin(x), -1, Math.PI / 2), Math.acos),
  Acosh: unary((x) => log(add(x, sqrt(affine(square(x), 1, -1)))), Math.acosh),
  Asin: unary(asin, Math.asin),
  Asinh: unary(
    (x) => multiply(sign(x), log1p(add(absolute(x), divide(square(x), affine(sqrt(affine(square(x), 1, 1)), 1, 1))))),
    Math.asinh,
  ),
  Atan: unary(atan, Math.atan),
  Atanh: unary((x) => affine(subtract(log1p(x), log1p(negative(x))), 0.5), Math.atanh),
  Ceil: unary(ceil, Math.ceil),
  Cos: unary(cos, Math.cos),
  Cosh: unary((x) => half(exp(x), exp(negative(x))), Math.cosh),
  Erf: unary(erf, hostErf),
  Exp: unary(exp, Math.exp),
  Floor: unary(floor, Math.floor),
  IsInf: question(
    (x, { node }) => {
      const [above, below] = [node.int('detect_positive', 1), node.int('detect_negative', 1)];
      const infinite = and(logicalNot(isFinite(x)), equal(x, x));
      const wanted = above ? (below ? equal(x, x) : greater(x, number(x, 0))) : less(x, number(x, 0));
      return above || below ? and(infinite, wanted) : less(x, x);
    },
    (x, { node }) =>
      (x === Infinity && node.int('detect_positive', 1) === 1) ||
      (x === -Infinity && node.int('detect_negative', 1) === 1),
    ['detect_negative', 'detect_positive'],
  ),
  IsNaN: question((x) => notEqual(x, x), Number.isNaN),
  Log: unary(log, Math.log),
  Neg: unary(negative, (x) => -x),
  Not: operator((call: Call) => {
    const x = call.value(0);
    if (x.type !== 'bool') call.refuse(`has inputs of type ${x.type}, expected booleans`);
    return isHost(x) ? mapHost(x, (value) => 1 - value) : call.device('bool', logicalNot(x.tensor));
  }),
  BitwiseNot: operator((call: Call) => {
    const x = call.host(call.value(0), 'integers');
    if (descriptions[x.type].kind !== 'integer') call.refuse(`has inputs of type ${x.type}, expected integers`);
    if (x.type === 'u64') call.refuse('has u64 inputs, which are not exact here');
    return HostValue.of(
      x.type,
      x.shape,
      Float64Array.from(x.data, (value) => -1 - value),
    );
  }),
  Reciprocal: unary(reciprocal, (x) => 1 / x),
  Round: unary(round, toEven),
  Sign: unary(sign, Math.sign),
  Sin: unary(sin, Math.sin),
  Sinh: unary(
    (x) =>
      select(
        less(absolute(x), number(x, 0.5)),
        multiply(x, polynomial(square(x), [1, 1 / 6, 1 / 120, 1 / 5040])),
        affine(subtract(exp(x), exp(negative(x))), 0.5),
      ),
    Math.sinh,
  ),
  Sqrt: unary(sqrt, Math.sqrt),
  Tan: unary((x) => divide(sin(x), cos(x)), Math.tan),
};

/** Greater than or equal to a number, as a mask. */
export function atLeast(x: Tensor, bound: number): Tensor {
  return greaterEqual(x, number(x, bound));
}
