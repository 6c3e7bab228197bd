import { checked } from '../options.ts';
import { gruSequence, gruStep, is, type OptionRules, type SequenceArguments, type Tensor } from '@timestep/core';
import type { Recurrence } from '../scoped.ts';
import { GatedCell, type GatedCellOptions, gatedCellRules } from './gated-cell.ts';
import type { HiddenState } from './rnn-cell.ts';

/** Options of {@link GRUCell}. */
export interface GRUCellOptions extends GatedCellOptions {
  /** Where r is applied: `after` the recurrent product (PyTorch, cuDNN), by default, or `before` it (the paper). */
  readonly reset?: 'after' | 'before' | undefined;
}

export const gruCellRules: OptionRules<GRUCellOptions> = {
  ...gatedCellRules,
  reset: is.optional(is.oneOf('after', 'before')),
};

/**
 * One step of the gated recurrent unit (Cho et al. 2014), gates in the order r, z, n: r, z = σ(W x + b_ih + U h +
 * b_hh), h' = (1 − z)∘n + z∘h, and n = tanh(W_n x + b_in + r∘(U_n h + b_hn)) or, with the reset before, tanh(W_n x +
 * b_in + U_n (r∘h) + b_hn). Parameters: `weight_ih [3H, D]`, `weight_hh [3H, H]`, `bias_ih [3H]`, `bias_hh [3H]`.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new GRUCell({ backend, inputSize: 8, hiddenSize: 32 });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 32]
 * ```
 */
export class GRUCell extends GatedCell<HiddenState> {
  readonly stateShapes;
  readonly reset: 'after' | 'before';

  override get typeName(): string {
    return 'GRUCell';
  }

  constructor(options: GRUCellOptions) {
    super('GRUCell', 3, checked('GRUCell', options, gruCellRules));
    this.reset = options.reset ?? 'after';
    this.stateShapes = { h: [this.hiddenSize] };
  }

  protected advance(projected: Tensor, state: HiddenState, weightHh: Tensor): HiddenState {
    return gruStep(projected, state, { weightHh, biasHh: this.bias_hh, variant: { reset: this.reset } });
  }

  protected override run(given: SequenceArguments): Recurrence<HiddenState> {
    const { output, hN } = gruSequence({ ...given, variant: { reset: this.reset } });
    return { output, state: { h: hN } };
  }
}
