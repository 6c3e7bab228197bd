import { add, full, linearScan, multiply, reshape, select, slice, sum, tidy, type Tensor } from '@timestep/core';
import { maskSteps, stepMask } from '../lengths.ts';
import { scoped, type Recurrence } from '../scoped.ts';
import { Cell, type SequenceOptions } from './cell.ts';
import type { HiddenState } from './rnn-cell.ts';

/**
 * A cell whose state is linear in the state before, h_t = a_t∘h_{t−1} + b_t with a and b from the input alone: a whole
 * sequence is solved by `linearScan` in O(log T) depth instead of T steps, forward and backward.
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
      // Past a length the state stays as it is, and NaN in x comes neither into it nor into a gradient.
      const { a, b } = this.coefficients(maskSteps(x, lengths));
      const mask = lengths && stepMask(backend, lengths, steps);
      const held = (values: Tensor, neutral: number): Tensor =>
        mask ? select(mask, values, full(backend, [], neutral)) : values;
      const h = linearScan(held(a, 1), held(b, 0), {
        initial: start.h,
        reverse: options.reverse,
        fused: options.fused,
      });
      // The sum over no steps is 0: what made h gets the gradient 0 through it.
      if (steps === 0) return { output: h, state: { h: add(start.h, sum(h, 0)) } };
      const last = options.reverse ? slice(h, 0, 0, 1) : slice(h, 0, -1);
      const final = tidy(backend, () => reshape(last, last.shape.slice(1)));
      return { output: maskSteps(h, lengths), state: { h: final } };
    });
  }
}
