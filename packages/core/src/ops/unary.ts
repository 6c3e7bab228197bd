import { unaryOps, type UnaryOp } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { multiply, select } from './binary.ts';
import { checkNumber, expectDType } from './check.ts';
import { and, greater, greaterEqual, lessEqual } from './compare.ts';
import { full, zeros } from '../create.ts';

/** Runs one op of the table, without recording it. */
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

/** αx + β with two numbers. */
export function affine(x: Tensor, alpha: number, beta = 0): Tensor {
  checkNumber('affine', 'alpha', alpha);
  checkNumber('affine', 'beta', beta);
  const y = runUnary('affine', x, alpha, beta);
  record('affine', [y], { inputs: [x], backward: ([gradient]) => [runUnary('affine', gradient!, alpha, 0)] });
  return y;
}

/** −x */
export function negative(x: Tensor): Tensor {
  const y = runUnary('negative', x);
  record('negative', [y], { inputs: [x], backward: ([gradient]) => [runUnary('negative', gradient!)] });
  return y;
}

/** |x|; its gradient at 0 is 0. */
export const absolute = differentiable('absolute', 'input', (gradient, x) => multiply(gradient, runUnary('sign', x)));
/** eˣ */
export const exp = differentiable('exp', 'output', (gradient, y) => multiply(gradient, y));
/** eˣ − 1, exact near 0. */
export const expm1 = differentiable('expm1', 'output', (gradient, y) => multiply(gradient, affine(y, 1, 1)));
/** ln x */
export const log = differentiable('log', 'input', (gradient, x) => multiply(gradient, runUnary('reciprocal', x)));
/** ln(1 + x), exact near 0. */
export const log1p = differentiable('log1p', 'input', (gradient, x) =>
  multiply(gradient, runUnary('reciprocal', affine(x, 1, 1))),
);
/** √x */
export const sqrt = differentiable('sqrt', 'output', (gradient, y) =>
  multiply(gradient, affine(runUnary('reciprocal', y), 0.5)),
);
/** 1/√x */
export const rsqrt = differentiable('rsqrt', 'output', (gradient, y) =>
  multiply(gradient, affine(runUnary('power', y, 3), -0.5)),
);
/** 1/x */
export const reciprocal = differentiable('reciprocal', 'output', (gradient, y) =>
  multiply(gradient, negative(runUnary('square', y))),
);
/** x² */
export const square = differentiable('square', 'input', (gradient, x) => multiply(gradient, affine(x, 2)));
/** sin x */
export const sin = differentiable('sin', 'input', (gradient, x) => multiply(gradient, runUnary('cos', x)));
/** cos x */
export const cos = differentiable('cos', 'input', (gradient, x) => multiply(gradient, negative(runUnary('sin', x))));
/** tanh x */
export const tanh = differentiable('tanh', 'output', (gradient, y) =>
  multiply(gradient, affine(runUnary('square', y), -1, 1)),
);
/** σ(x) = 1/(1 + e⁻ˣ) */
export const sigmoid = differentiable('sigmoid', 'output', (gradient, y) =>
  multiply(gradient, multiply(y, affine(y, -1, 1))),
);
/** max(x, 0); its gradient at 0 is 0. */
export const relu = differentiable('relu', 'output', (gradient, y) => zeroUnless(greater(y, constant(y, 0)), gradient));
/** ln(1 + eˣ) */
export const softplus = differentiable('softplus', 'input', (gradient, x) =>
  multiply(gradient, runUnary('sigmoid', x)),
);
export const sign = flat('sign');
export const floor = flat('floor');
export const ceil = flat('ceil');
/** 1 where finite, u32. */
export const isFinite = flat('isFinite');
/** 1 where 0, u32. */
export const logicalNot = flat('logicalNot');

/** xⁿ with a number n. */
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

/** min(max(x, low), high); the gradient flows where x is within. */
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
