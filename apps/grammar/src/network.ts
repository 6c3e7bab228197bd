import { type Backend, type Generator, reshape, type Tensor } from '@timestep/core';
import { GRU, Linear, LSTM, Module, RNN } from '@timestep/layers';

export const cellNames = ['lstm', 'gru', 'rnn'] as const;
export type CellName = (typeof cellNames)[number];

export interface NetworkOptions {
  readonly backend: Backend;
  readonly symbols: number;
  readonly cell: CellName;
  readonly hiddenSize: number;
  readonly generator: Generator;
}

/** A recurrent layer and, for each symbol, the logit of "may follow". */
export class GrammarNetwork extends Module {
  readonly recurrent: LSTM | GRU | RNN;
  readonly output: Linear;

  constructor({ backend, symbols, cell, hiddenSize, generator }: NetworkOptions) {
    super();
    const options = { backend, inputSize: symbols, hiddenSize, generator };
    // Peepholes let the gates see how far the cell has counted (Gers and Schmidhuber 2001).
    if (cell === 'lstm') this.recurrent = new LSTM({ ...options, peepholes: true });
    else this.recurrent = cell === 'gru' ? new GRU(options) : new RNN(options);
    this.output = new Linear({ backend, inputSize: hiddenSize, outputSize: symbols, generator });
  }

  /** x `[T, N, S]` → logits `[T, N, S]` */
  forward(x: Tensor): Tensor {
    return this.output.forward(this.recurrent.forward(x).output);
  }

  /** Returns the state after x `[T, N, S]`: an LSTM's cells, or the hidden units of another layer, `[N, H]`. */
  memory(x: Tensor): Tensor {
    const { recurrent } = this;
    const last = recurrent instanceof LSTM ? recurrent.forward(x).state.c : recurrent.forward(x).state.h;
    return reshape(last, [x.shape[1]!, recurrent.hiddenSize]);
  }
}
