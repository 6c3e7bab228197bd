import { checked } from '../options.ts';
import { is, type OptionRules, rnnSequence, rnnStep, type SequenceArguments, type Tensor } from '@timestep/core';
import type { Recurrence } from '../scoped.ts';
import { GatedCell, type GatedCellOptions, gatedCellRules } from './gated-cell.ts';

/** `h [N, H]`; of a layer `[L·directions, N, H]` */
export type HiddenState = { readonly h: Tensor };

/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends GatedCellOptions {
  /** φ; `tanh` by default. */
  readonly activation?: 'tanh' | 'relu' | undefined;
}

export const rnnCellRules: OptionRules<RNNCellOptions> = {
  ...gatedCellRules,
  activation: is.optional(is.oneOf('tanh', 'relu')),
};

/**
 * One step of the Elman network (1990): h' = φ(W_ih x + b_ih + W_hh h + b_hh). Parameters: `weight_ih [H, D]`,
 * `weight_hh [H, H]`, `bias_ih [H]`, `bias_hh [H]`.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new RNNCell({ backend, inputSize: 8, hiddenSize: 32, activation: 'relu' });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 32]
 * ```
 */
export class RNNCell extends GatedCell<HiddenState> {
  readonly stateShapes;
  readonly activation: 'tanh' | 'relu';

  override get typeName(): string {
    return 'RNNCell';
  }

  constructor(options: RNNCellOptions) {
    super('RNNCell', 1, checked('RNNCell', options, rnnCellRules));
    this.activation = options.activation ?? 'tanh';
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
