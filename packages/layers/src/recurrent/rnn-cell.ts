import { rnnSequence, rnnStep, type SequenceArguments, type Tensor } from '@timestep/core';
import { checkChoice } from '../options.ts';
import type { Recurrence } from '../scoped.ts';
import { GatedCell, type GatedCellOptions } from './gated-cell.ts';

/** `h [N, H]`; of a layer `[L·directions, N, H]` */
export type HiddenState = { readonly h: Tensor };

export interface RNNCellOptions extends GatedCellOptions {
  /** φ; `tanh` by default. */
  readonly activation?: 'tanh' | 'relu' | undefined;
}

/**
 * One step of Elman's network (1990): h' = φ(W_ih x + b_ih + W_hh h + b_hh). Parameters: `weight_ih [H, D]`,
 * `weight_hh [H, H]`, `bias_ih [H]`, `bias_hh [H]`.
 */
export class RNNCell extends GatedCell<HiddenState> {
  readonly stateShapes;
  readonly activation: 'tanh' | 'relu';

  constructor(options: RNNCellOptions) {
    super('rnnCell', 1, options);
    this.activation = checkChoice('rnnCell', 'activation', options.activation ?? 'tanh', ['tanh', 'relu']);
    this.stateShapes = { h: [this.hiddenSize] };
  }

  protected advance(projected: Tensor, state: HiddenState, weightHh: Tensor): HiddenState {
    return rnnStep(projected, state, { weightHh, biasHh: this.bias_hh, variant: { activation: this.activation } });
  }

  protected override run(given: SequenceArguments): Recurrence<HiddenState> {
    const { output, hN } = rnnSequence({ ...given, variant: { activation: this.activation } });
    return { output, state: { h: hN } };
  }
}
