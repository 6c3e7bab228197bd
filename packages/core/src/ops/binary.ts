import { DTypeError } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import { full } from '../create.ts';
import { broadcastShapes, broadcastStrides, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor, expectDType, sameBackend } from './check.ts';
import { equal, greater, greaterEqual, less } from './compare.ts';
import { sumTo } from './reduce.ts';
import { runBinary } from './run-binary.ts';
import { affine, log, negative, powerOf } from './unary.ts';

/** A tensor, or a number that is broadcast. */
export type Operand = Tensor | number;

/**
 * Returns a + b, elementwise, with broadcasting.
 *
 * @example
 * ```ts
 * add(a, 1);
 * ```
 */
export function add(a: Tensor, b: Operand): Tensor {
  checkTensor('add', 'a', a);
  if (typeof b === 'number') return a.dtype === 'f32' ? affine(a, 1, b) : runBinary('add', a, constant(a, b));
  const y = runBinary('add', a, b);
  record('add', [y], {
    inputs: [a, b],
    backward: ([gradient]) => [sumTo(gradient!, a.shape), sumTo(gradient!, b.shape)],
  });
  return y;
}

/**
 * Returns a − b, elementwise, with broadcasting.
 *
 * @example
 * ```ts
 * subtract(x, mean(x));
 * ```
 */
export function subtract(a: Tensor, b: Operand): Tensor {
  checkTensor('subtract', 'a', a);
  if (typeof b === 'number') return a.dtype === 'f32' ? affine(a, 1, -b) : runBinary('subtract', a, constant(a, b));
  const y = runBinary('subtract', a, b);
  record('subtract', [y], {
    inputs: [a, b],
    backward: ([gradient], wanted) => [
      sumTo(gradient!, a.shape),
      wanted[1] ? negative(sumTo(gradient!, b.shape)) : null,
    ],
  });
  return y;
}

/**
 * Returns a·b, elementwise, with broadcasting.
 *
 * @example
 * ```ts
 * multiply(x, 0.5);
 * ```
 */
export function multiply(a: Tensor, b: Operand): Tensor {
  checkTensor('multiply', 'a', a);
  if (typeof b === 'number') return a.dtype === 'f32' ? affine(a, b) : runBinary('multiply', a, constant(a, b));
  const y = runBinary('multiply', a, b);
  record('multiply', [y], {
    inputs: [a, b],
    saved: [a, b],
    backward: ([gradient], wanted, [left, right]) => [
      wanted[0] ? sumTo(runBinary('multiply', gradient!, right!), left!.shape) : null,
      wanted[1] ? sumTo(runBinary('multiply', gradient!, left!), right!.shape) : null,
    ],
  });
  return y;
}

/**
 * Returns a/b, elementwise, with broadcasting.
 *
 * @example
 * ```ts
 * divide(x, sum(x));
 * ```
 */
export function divide(a: Tensor, b: Operand): Tensor {
  checkTensor('divide', 'a', a);
  if (typeof b === 'number') return a.dtype === 'f32' ? affine(a, 1 / b) : runBinary('divide', a, constant(a, b));
  const y = runBinary('divide', a, b);
  record('divide', [y], {
    inputs: [a, b],
    saved: [a, b],
    backward: ([gradient], wanted, [left, right]) => {
      const scaled = runBinary('divide', gradient!, right!);
      return [
        wanted[0] ? sumTo(scaled, left!.shape) : null,
        wanted[1]
          ? sumTo(negative(runBinary('multiply', scaled, runBinary('divide', left!, right!))), right!.shape)
          : null,
      ];
    },
  });
  return y;
}

/**
 * aᵇ, element by element, broadcast; a number b is cheaper. As in PyTorch, ∂/∂a is 0 where b is 0, and ∂/∂b is 0 where
 * a is 0 and b is not negative.
 *
 * @example
 * ```ts
 * power(x, 2);
 * ```
 */
export function power(a: Tensor, b: Operand): Tensor {
  checkTensor('power', 'a', a);
  if (typeof b === 'number') return powerOf(a, b);
  const y = runBinary('power', a, b);
  record('power', [y], {
    inputs: [a, b],
    saved: [a, b, y],
    backward: ([gradient], wanted, [base, exponent, result]) => {
      const none = constant(gradient!, 0);
      const ofBase = (): Tensor => {
        const slope = multiply(exponent!, runBinary('power', base!, affine(exponent!, 1, -1)));
        return select(equal(exponent!, none), none, multiply(gradient!, slope));
      };
      const ofExponent = (): Tensor => {
        const flat = runBinary('and', equal(base!, none), greaterEqual(exponent!, none));
        return select(flat, none, multiply(gradient!, multiply(result!, log(base!))));
      };
      return [wanted[0] ? sumTo(ofBase(), base!.shape) : null, wanted[1] ? sumTo(ofExponent(), exponent!.shape) : null];
    },
  });
  return y;
}

/**
 * Returns the larger element of each pair, with broadcasting. If both are equal, each gets half of the gradient, as
 * in PyTorch.
 *
 * @example
 * ```ts
 * maximum(x, 0);
 * ```
 */
export function maximum(a: Tensor, b: Operand): Tensor {
  return extremum('maximum', a, b);
}

/**
 * Returns the smaller element of each pair, with broadcasting. If both are equal, each gets half of the gradient, as
 * in PyTorch.
 *
 * @example
 * ```ts
 * minimum(x, 1);
 * ```
 */
export function minimum(a: Tensor, b: Operand): Tensor {
  return extremum('minimum', a, b);
}

function extremum(op: 'maximum' | 'minimum', a: Tensor, operand: Operand): Tensor {
  checkTensor(op, 'a', a);
  const b = typeof operand === 'number' ? constant(a, operand) : operand;
  const y = runBinary(op, a, b);
  record(op, [y], {
    inputs: [a, b],
    saved: [a, b],
    backward: ([gradient], wanted, [left, right]) => {
      // Nothing is less than a NaN: both sides get the gradient, and a NaN is seen in it.
      const beaten = op === 'maximum' ? less : greater;
      const share = select(equal(left!, right!), affine(gradient!, 0.5), gradient!);
      const none = constant(gradient!, 0);
      return [
        wanted[0] ? sumTo(select(beaten(left!, right!), none, share), left!.shape) : null,
        wanted[1] ? sumTo(select(beaten(right!, left!), none, share), right!.shape) : null,
      ];
    },
  });
  return y;
}

/**
 * Returns a where `condition` (u32) is not 0, otherwise b, with broadcasting. An element that is not chosen gets
 * gradient 0, even if it is NaN.
 *
 * @example
 * ```ts
 * select(greater(x, zeros(backend, [])), x, zeros(backend, [])); // relu
 * ```
 */
export function select(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  checkTensor('select', 'a', a);
  checkTensor('select', 'b', b);
  expectDType('select', 'condition', condition, ['u32']);
  sameBackend('select', [condition, a, b]);
  if (a.dtype !== b.dtype)
    throw new DTypeError(`[select] expected two tensors of one dtype, got ${a.dtype} and ${b.dtype}; cast one of them`);
  const shape = broadcastShapes('select', broadcastShapes('select', a.shape, b.shape), condition.shape);
  const operand = (tensor: Tensor) => ({ buffer: tensor.buffer, strides: broadcastStrides(tensor.shape, shape) });
  const out = a.backend.alloc(a.dtype, sizeOf(shape));
  a.backend.select(operand(condition), operand(a), operand(b), out, shape);
  const y = wrap(a, out, shape);
  record('select', [y], {
    inputs: [a, b],
    saved: [condition],
    backward: ([gradient], wanted, [mask]) => {
      const none = constant(gradient!, 0);
      return [
        wanted[0] ? sumTo(select(mask!, gradient!, none), a.shape) : null,
        wanted[1] ? sumTo(select(mask!, none, gradient!), b.shape) : null,
      ];
    },
  });
  return y;
}

function constant(like: Tensor, value: number): Tensor {
  return full(like.backend, [], value, { dtype: like.dtype });
}
