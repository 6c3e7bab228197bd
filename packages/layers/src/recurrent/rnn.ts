import { generatorOrFresh } from '../options.ts';
import { Recurrent, type StackOptions } from './recurrent.ts';
import { RNNCell, type HiddenState, type RNNCellOptions } from './rnn-cell.ts';

export interface RNNOptions extends StackOptions, RNNCellOptions {
  readonly inputSize: number;
}

/**
 * Elman's network (1990) over sequences: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh), x `[T, N, D]` → output
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

  constructor(given: RNNOptions) {
    const options = { ...given, generator: generatorOrFresh(given.generator) };
    super({ ...options, cell: (inputSize) => new RNNCell({ ...options, inputSize }) }, 'rnn');
    this.hiddenSize = options.hiddenSize;
  }
}
