import { unaryOps, type UnaryOp } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { multiply, select } from './binary.ts';
import { checkNumber, expectDType } from './check.ts';
import { and, greater, greaterEqual, lessEqual } from './compare.ts';
import { full, zeros } from '../create.ts';

/**
 * Applies an operation of the table without recording it.
 *
 * @example
 * ```ts
 * runUnary('exp', x);
 * ```
 */
export function runUnary(op: UnaryOp, x: Tensor, alpha = 0, beta = 0): Tensor {
  const row = unaryOps[op];
  expectDType(op, 'x', x, row.in);
  const out = x.backend.alloc(row.out === 'same' ? x.dtype : row.out, x.size);
  x.backend.unary(op, x.buffer, out, alpha, beta);
  return wrap(x, out, x.shape);
}

/** An op with its derivative as a function of the saved tensor (the input or the output) and the upstream gradient. */
function differentiable(
  op: UnaryOp,
  save: 'input' | 'output',
  derivative: (gradient: Tensor, saved: Tensor) => Tensor,
): (x: Tensor) => Tensor {
  return (x) => {
    const y = runUnary(op, x);
    record(op, [y], {
      inputs: [x],
      saved: [save === 'input' ? x : y],
      backward: ([gradient], _wanted, [saved]) => [derivative(gradient!, saved!)],
    });
    return y;
  };
}

/** The derivative is 0 everywhere it exists: nothing is recorded. */
function flat(op: UnaryOp): (x: Tensor) => Tensor {
  return (x) => runUnary(op, x);
}

/**
 * Returns alpha·x + beta with two numbers.
 *
 * @example
 * ```ts
 * affine(x, 2, 1); // 2x + 1
 * ```
 */
export function affine(x: Tensor, alpha: number, beta = 0): Tensor {
  checkNumber('affine', 'alpha', alpha);
  checkNumber('affine', 'beta', beta);
  const y = runUnary('affine', x, alpha, beta);
  record('affine', [y], { inputs: [x], backward: ([gradient]) => [runUnary('affine', gradient!, alpha, 0)] });
  return y;
}

/**
 * Returns −x.
 *
 * @example
 * ```ts
 * negative(x);
 * ```
 */
export function negative(x: Tensor): Tensor {
  const y = runUnary('negative', x);
  record('negative', [y], { inputs: [x], backward: ([gradient]) => [runUnary('negative', gradient!)] });
  return y;
}

/**
 * Returns |x|. The gradient at 0 is 0.
 *
 * @example
 * ```ts
 * absolute(tensor(backend, [-2, 3])); // [2, 3]
 * ```
 */
export const absolute = differentiable('absolute', 'input', (gradient, x) => multiply(gradient, runUnary('sign', x)));
/**
 * Returns eˣ.
 *
 * @example
 * ```ts
 * exp(tensor(backend, [0])); // [1]
 * ```
 */
export const exp = differentiable('exp', 'output', (gradient, y) => multiply(gradient, y));
/**
 * Returns eˣ − 1, accurate near 0.
 *
 * @example
 * ```ts
 * expm1(tensor(backend, [1e-7]));
 * ```
 */
export const expm1 = differentiable('expm1', 'output', (gradient, y) => multiply(gradient, affine(y, 1, 1)));
/**
 * Returns ln x.
 *
 * @example
 * ```ts
 * log(tensor(backend, [1])); // [0]
 * ```
 */
export const log = differentiable('log', 'input', (gradient, x) => multiply(gradient, runUnary('reciprocal', x)));
/**
 * Returns ln(1 + x), accurate near 0.
 *
 * @example
 * ```ts
 * log1p(tensor(backend, [1e-7]));
 * ```
 */
export const log1p = differentiable('log1p', 'input', (gradient, x) =>
  multiply(gradient, runUnary('reciprocal', affine(x, 1, 1))),
);
/**
 * Returns √x.
 *
 * @example
 * ```ts
 * sqrt(tensor(backend, [4])); // [2]
 * ```
 */
export const sqrt = differentiable('sqrt', 'output', (gradient, y) =>
  multiply(gradient, affine(runUnary('reciprocal', y), 0.5)),
);
/**
 * Returns 1/√x.
 *
 * @example
 * ```ts
 * rsqrt(tensor(backend, [4])); // [0.5]
 * ```
 */
export const rsqrt = differentiable('rsqrt', 'output', (gradient, y) =>
  multiply(gradient, affine(runUnary('power', y, 3), -0.5)),
);
/**
 * Returns 1/x.
 *
 * @example
 * ```ts
 * reciprocal(tensor(backend, [4])); // [0.25]
 * ```
 */
export const reciprocal = differentiable('reciprocal', 'output', (gradient, y) =>
  multiply(gradient, negative(runUnary('square', y))),
);
/**
 * Returns x².
 *
 * @example
 * ```ts
 * square(tensor(backend, [3])); // [9]
 * ```
 */
export const square = differentiable('square', 'input', (gradient, x) => multiply(gradient, affine(x, 2)));
/**
 * Returns sin x, with x in radians.
 *
 * @example
 * ```ts
 * sin(tensor(backend, [0])); // [0]
 * ```
 */
export const sin = differentiable('sin', 'input', (gradient, x) => multiply(gradient, runUnary('cos', x)));
/**
 * Returns cos x, with x in radians.
 *
 * @example
 * ```ts
 * cos(tensor(backend, [0])); // [1]
 * ```
 */
export const cos = differentiable('cos', 'input', (gradient, x) => multiply(gradient, negative(runUnary('sin', x))));
/**
 * Returns tanh x.
 *
 * @example
 * ```ts
 * tanh(tensor(backend, [0])); // [0]
 * ```
 */
export const tanh = differentiable('tanh', 'output', (gradient, y) =>
  multiply(gradient, affine(runUnary('square', y), -1, 1)),
);
/**
 * Returns σ(x) = 1/(1 + e⁻ˣ).
 *
 * @example
 * ```ts
 * sigmoid(tensor(backend, [0])); // [0.5]
 * ```
 */
export const sigmoid = differentiable('sigmoid', 'output', (gradient, y) =>
  multiply(gradient, multiply(y, affine(y, -1, 1))),
);
/**
 * Returns max(x, 0). The gradient at 0 is 0.
 *
 * @example
 * ```ts
 * relu(tensor(backend, [-1, 2])); // [0, 2]
 * ```
 */
export const relu = differentiable('relu', 'output', (gradient, y) => zeroUnless(greater(y, constant(y, 0)), gradient));
/**
 * Returns ln(1 + eˣ).
 *
 * @example
 * ```ts
 * softplus(tensor(backend, [0])); // [0.693]
 * ```
 */
export const softplus = differentiable('softplus', 'input', (gradient, x) =>
  multiply(gradient, runUnary('sigmoid', x)),
);
/**
 * Returns −1, 0 or 1, the sign of x. Its gradient is 0.
 *
 * @example
 * ```ts
 * sign(tensor(backend, [-3, 0, 2])); // [-1, 0, 1]
 * ```
 */
export const sign = flat('sign');
/**
 * Returns the greatest integer not above x. Its gradient is 0.
 *
 * @example
 * ```ts
 * floor(tensor(backend, [1.5])); // [1]
 * ```
 */
export const floor = flat('floor');
/**
 * Returns the least integer not below x. Its gradient is 0.
 *
 * @example
 * ```ts
 * ceil(tensor(backend, [1.5])); // [2]
 * ```
 */
export const ceil = flat('ceil');
/**
 * Returns 1 where x is neither infinite nor NaN, otherwise 0, as u32.
 *
 * @example
 * ```ts
 * isFinite(tensor(backend, [1, NaN])); // [1, 0]
 * ```
 */
export const isFinite = flat('isFinite');
/**
 * Returns 1 where the u32 element is 0, otherwise 0.
 *
 * @example
 * ```ts
 * logicalNot(mask);
 * ```
 */
export const logicalNot = flat('logicalNot');

/**
 * Returns xⁿ with a number n.
 *
 * @example
 * ```ts
 * powerOf(x, 3);
 * ```
 */
export function powerOf(x: Tensor, exponent: number): Tensor {
  checkNumber('powerOf', 'exponent', exponent);
  const y = runUnary('power', x, exponent);
  record('power', [y], {
    inputs: [x],
    saved: [x],
    backward: ([gradient], _wanted, [saved]) => [
      exponent === 0
        ? zeros(gradient!.backend, gradient!.shape)
        : multiply(gradient!, affine(runUnary('power', saved!, exponent - 1), exponent)),
    ],
  });
  return y;
}

/**
 * Returns min(max(x, low), high). The gradient flows where x is between the limits.
 *
 * @example
 * ```ts
 * clamp(x, -1, 1);
 * ```
 */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  checkNumber('clamp', 'low', low);
  checkNumber('clamp', 'high', high);
  const y = runUnary('clamp', x, low, high);
  record('clamp', [y], {
    inputs: [x],
    saved: [x],
    backward: ([gradient], _wanted, [saved]) => {
      const inside = and(greaterEqual(saved!, constant(saved!, low)), lessEqual(saved!, constant(saved!, high)));
      return [zeroUnless(inside, gradient!)];
    },
  });
  return y;
}

function constant(like: Tensor, value: number): Tensor {
  return full(like.backend, [], value, { dtype: like.dtype });
}

/** The gradient where the mask is set and 0 elsewhere; by selection, since NaN·0 is NaN. */
function zeroUnless(mask: Tensor, gradient: Tensor): Tensor {
  return select(mask, gradient, constant(gradient, 0));
}
