import { record } from '../autograd/record.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor } from './check.ts';
import { equal, greater, greaterEqual, less } from './compare.ts';
import { runBinary } from './run-binary.ts';
import { sumBroadcast } from './run-reduce.ts';
import { runSelect } from './run-select.ts';
import { runUnary } from './run-unary.ts';
import { scalarLike } from './scalar-like.ts';
import { affine } from './affine.ts';
import { powerOf } from './power-of.ts';

/** A tensor, or a number that is broadcast. */
export type Operand = Tensor | number;

/** a·b without a record: derivatives are not differentiated again. */
const times = (a: Tensor, b: Tensor): Tensor => runBinary('multiply', a, b);

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
  if (typeof b === 'number') return a.dtype === 'f32' ? affine(a, 1, b) : runBinary('add', a, scalarLike(a, b));
  const y = runBinary('add', a, b);
  record('add', [y], {
    inputs: [a, b],
    backward: ([gradient]) => [sumBroadcast(gradient!, a.shape), sumBroadcast(gradient!, b.shape)],
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
  if (typeof b === 'number') return a.dtype === 'f32' ? affine(a, 1, -b) : runBinary('subtract', a, scalarLike(a, b));
  const y = runBinary('subtract', a, b);
  record('subtract', [y], {
    inputs: [a, b],
    backward: ([gradient], wanted) => [
      sumBroadcast(gradient!, a.shape),
      wanted[1] ? runUnary('negative', sumBroadcast(gradient!, b.shape)) : null,
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
  if (typeof b === 'number') return a.dtype === 'f32' ? affine(a, b) : runBinary('multiply', a, scalarLike(a, b));
  const y = runBinary('multiply', a, b);
  record('multiply', [y], {
    inputs: [a, b],
    saved: [a, b],
    backward: ([gradient], wanted, [left, right]) => [
      wanted[0] ? sumBroadcast(times(gradient!, right!), left!.shape) : null,
      wanted[1] ? sumBroadcast(times(gradient!, left!), right!.shape) : null,
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
  if (typeof b === 'number') return a.dtype === 'f32' ? affine(a, 1 / b) : runBinary('divide', a, scalarLike(a, b));
  const y = runBinary('divide', a, b);
  record('divide', [y], {
    inputs: [a, b],
    saved: [a, b],
    backward: ([gradient], wanted, [left, right]) => {
      const scaled = runBinary('divide', gradient!, right!);
      return [
        wanted[0] ? sumBroadcast(scaled, left!.shape) : null,
        wanted[1]
          ? sumBroadcast(runUnary('negative', times(scaled, runBinary('divide', left!, right!))), right!.shape)
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
      const none = scalarLike(gradient!, 0);
      const ofBase = (): Tensor => {
        const slope = times(exponent!, runBinary('power', base!, runUnary('affine', exponent!, 1, -1)));
        return runSelect(equal(exponent!, none), none, times(gradient!, slope));
      };
      const ofExponent = (): Tensor => {
        const flat = runBinary('and', equal(base!, none), greaterEqual(exponent!, none));
        return runSelect(flat, none, times(gradient!, times(result!, runUnary('log', base!))));
      };
      return [
        wanted[0] ? sumBroadcast(ofBase(), base!.shape) : null,
        wanted[1] ? sumBroadcast(ofExponent(), exponent!.shape) : null,
      ];
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
  const b = typeof operand === 'number' ? scalarLike(a, operand) : operand;
  const y = runBinary(op, a, b);
  record(op, [y], {
    inputs: [a, b],
    saved: [a, b],
    backward: ([gradient], wanted, [left, right]) => {
      // Nothing is less than a NaN: both sides get the gradient, and a NaN is seen in it.
      const beaten = op === 'maximum' ? less : greater;
      const share = runSelect(equal(left!, right!), runUnary('affine', gradient!, 0.5), gradient!);
      const none = scalarLike(gradient!, 0);
      return [
        wanted[0] ? sumBroadcast(runSelect(beaten(left!, right!), none, share), left!.shape) : null,
        wanted[1] ? sumBroadcast(runSelect(beaten(right!, left!), none, share), right!.shape) : null,
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
  const y = runSelect(condition, a, b);
  record('select', [y], {
    inputs: [a, b],
    saved: [condition],
    backward: ([gradient], wanted, [mask]) => {
      const none = scalarLike(gradient!, 0);
      return [
        wanted[0] ? sumBroadcast(runSelect(mask!, gradient!, none), a.shape) : null,
        wanted[1] ? sumBroadcast(runSelect(mask!, none, gradient!), b.shape) : null,
      ];
    },
  });
  return y;
}
