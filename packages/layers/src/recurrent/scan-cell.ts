import { add, full, linearScan, multiply, reshape, select, slice, sum, tidy, type Tensor } from '@timestep/core';
import { maskSteps, stepMask } from '../lengths.ts';
import { scoped, type Recurrence } from '../scoped.ts';
import { Cell, type SequenceOptions } from './cell.ts';
import type { HiddenState } from './rnn-cell.ts';

/**
 * The base class of cells whose state is linear in the previous state, h_t = a_t∘h_{t−1} + b_t, where a and b depend
 * only on the input. `linearScan` computes a whole sequence in O(log T) depth instead of T steps, forward and backward.
 *
 * @example
 * ```ts
 * class AverageCell extends ScanCell {
 *   readonly inputSize = 8;
 *   readonly outputSize = 8;
 *   readonly stateShapes = { h: [8] };
 *
 *   protected coefficients(x: Tensor) {
 *     return { a: full(x.backend, x.shape, 0.9), b: affine(x, 0.1) };
 *   }
 * }
 * ```
 */
export abstract class ScanCell extends Cell<HiddenState> {
  /** a and b of every step: x `[…, D]` → `[…, H]` each. */
  protected abstract coefficients(x: Tensor): { readonly a: Tensor; readonly b: Tensor };

  step(x: Tensor, { h }: HiddenState): Recurrence<HiddenState> {
    return scoped(x.backend, () => {
      const { a, b } = this.coefficients(x);
      const next = add(multiply(a, h), b);
      return { output: next, state: { h: next } };
    });
  }

  override sequence(x: Tensor, options: SequenceOptions<HiddenState> = {}): Recurrence<HiddenState> {
    const { backend } = x;
    const [steps, batch] = x.shape as [number, number];
    return scoped(backend, () => {
      const start = options.state ?? this.initialState(batch, backend);
      const lengths = options.lengths ? Int32Array.from(options.lengths) : null;
      // After a length the state does not change, and NaN in x reaches neither the state nor a gradient.
      const { a, b } = this.coefficients(maskSteps(x, lengths));
      const mask = lengths && stepMask(backend, lengths, steps);
      const held = (values: Tensor, neutral: number): Tensor =>
        mask ? select(mask, values, full(backend, [], neutral)) : values;
      const h = linearScan(held(a, 1), held(b, 0), {
        initial: start.h,
        reverse: options.reverse,
        fused: options.fused,
      });
      // The sum over no steps is 0, and it passes the gradient 0 to the input of h.
      if (steps === 0) return { output: h, state: { h: add(start.h, sum(h, 0)) } };
      const last = options.reverse ? slice(h, 0, 0, 1) : slice(h, 0, -1);
      const final = tidy(backend, () => reshape(last, last.shape.slice(1)));
      return { output: maskSteps(h, lengths), state: { h: final } };
    });
  }
}
