import { gruSequence, gruStep, type SequenceArguments, type Tensor } from '@timestep/core';
import { checkChoice } from '../options.ts';
import type { Recurrence } from '../scoped.ts';
import { GatedCell, type GatedCellOptions } from './gated-cell.ts';
import type { HiddenState } from './rnn-cell.ts';

export interface GRUCellOptions extends GatedCellOptions {
  /** Where r is applied: `after` the recurrent product (PyTorch, cuDNN), by default, or `before` it (the paper). */
  readonly reset?: 'after' | 'before' | undefined;
}

/**
 * One step of the gated recurrent unit (Cho et al. 2014), gates in the order r, z, n: r, z = σ(W x + b_ih + U h +
 * b_hh), h' = (1 − z)∘n + z∘h, and n = tanh(W_n x + b_in + r∘(U_n h + b_hn)) or, with the reset before, tanh(W_n x +
 * b_in + U_n (r∘h) + b_hn). Parameters: `weight_ih [3H, D]`, `weight_hh [3H, H]`, `bias_ih [3H]`, `bias_hh [3H]`.
 */
export class GRUCell extends GatedCell<HiddenState> {
  readonly stateShapes;
  readonly reset: 'after' | 'before';

  constructor(options: GRUCellOptions) {
    super('gruCell', 3, options);
    this.reset = checkChoice('gruCell', 'reset', options.reset ?? 'after', ['after', 'before']);
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
