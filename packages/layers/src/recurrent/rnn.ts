import { type OptionRules } from '@timestep/core';
import { checked, generatorOrFresh, pick } from '../options.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';
import { type HiddenState, RNNCell, type RNNCellOptions, rnnCellRules } from './rnn-cell.ts';

/** Options of {@link RNN}. */
export interface RNNOptions extends StackOptions, RNNCellOptions {
  readonly inputSize: number;
}

const rnnRules: OptionRules<RNNOptions> = {
  ...stackRules,
  ...rnnCellRules,
};

/**
 * The Elman network (1990) over sequences: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), x `[T, N, D]` → output
 * `[T, N, H·directions]` and state `{ h: [L·directions, N, H] }`. Names, shapes and numbers are those of
 * `torch.nn.RNN`.
 *
 * ```ts
 * const rnn = new RNN({ backend, inputSize: 8, hiddenSize: 32, activation: 'relu' });
 * const { output, state } = rnn.forward(x, { lengths });
 * ```
 */
export class RNN extends Recurrent<HiddenState> {
  readonly hiddenSize: number;

  override get typeName(): string {
    return 'RNN';
  }

  constructor(given: RNNOptions) {
    const options = { ...checked('RNN', given, rnnRules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<RNNCellOptions>(options, rnnCellRules);
    super(
      { ...pick<StackOptions>(options, stackRules), cell: (inputSize) => new RNNCell({ ...cellOptions, inputSize }) },
      'RNN',
    );
    this.hiddenSize = options.hiddenSize;
  }
}
