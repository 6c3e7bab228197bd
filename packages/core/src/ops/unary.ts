import type { UnaryOp } from '@timestep/backend-api';
import { record } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { affine } from './affine.ts';
import { greater } from './compare.ts';
import { runBinary } from './run-binary.ts';
import { zeroUnless } from './run-select.ts';
import { runUnary } from './run-unary.ts';
import { scalarLike } from './scalar-like.ts';

/** a·b without a record: derivatives are not differentiated again. */
const multiply = (a: Tensor, b: Tensor): Tensor => runBinary('multiply', a, b);

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
export const relu = differentiable('relu', 'output', (gradient, y) =>
  zeroUnless(greater(y, scalarLike(y, 0)), gradient),
);
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
