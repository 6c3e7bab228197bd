import { full, max, multiply, select, sum, tensor, type Backend, type Tensor } from '@timestep/core';
import { hidePadding } from '@timestep/core/extend';
import { stepMask } from '../lengths.ts';

/** u32 `[N, 1]`: 1 for each sequence that has a step. */
export function someSteps(backend: Backend, lengths: Int32Array): Tensor {
  const some = Uint32Array.from(lengths, (length) => (length > 0 ? 1 : 0));
  return tensor(backend, some, { shape: [lengths.length, 1] });
}

/** The mean over the valid steps of x `[T, N, D]` → `[N, D]`; 0 for a sequence of no steps. */
export function meanOverSteps(x: Tensor, lengths: Int32Array): Tensor {
  const shares = Float64Array.from(lengths, (length) => 1 / Math.max(1, length));
  return multiply(sum(hidePadding(x, lengths), 0), tensor(x.backend, shares, { shape: [lengths.length, 1] }));
}

/** The largest value over the valid steps of x `[T, N, D]` → `[N, D]`; 0 for a sequence of no steps. */
export function maxOverSteps(x: Tensor, lengths: Int32Array): Tensor {
  const { backend } = x;
  // The sum over no steps is 0, and it passes the gradient 0 on.
  if (x.shape[0] === 0) return sum(x, 0);
  // A finite sentinel: a sequence of no steps would have −∞ − ∞ in its gradient.
  const shown = select(stepMask(backend, lengths, x.shape[0]!), x, full(backend, [], -3e38));
  return select(someSteps(backend, lengths), max(shown, 0), full(backend, [], 0));
}
