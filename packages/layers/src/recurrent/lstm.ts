import { generatorOrFresh } from '../options.ts';
import { LSTMCell, type LSTMCellOptions, type LstmState } from './lstm-cell.ts';
import { Recurrent, type StackOptions } from './recurrent.ts';

export interface LSTMOptions extends StackOptions, LSTMCellOptions {
  readonly inputSize: number;
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997) over sequences: x `[T, N, D]` → output `[T, N,
 * P·directions]` and state `{ h: [L·directions, N, P], c: [L·directions, N, H] }`, with P = H unless projected; the
 * equations stand at {@link LSTMCell}. Names, shapes, gate order (i, f, g, o) and numbers are those of `torch.nn.LSTM`.
 *
 * ```ts
 * const lstm = new LSTM({ backend, inputSize: 40, hiddenSize: 128, numLayers: 2, bidirectional: true, dropout: 0.3 });
 * const { output, state } = lstm.forward(x, { lengths });
 * ```
 */
export class LSTM extends Recurrent<LstmState> {
  readonly hiddenSize: number;

  constructor(given: LSTMOptions) {
    const options = { ...given, generator: generatorOrFresh(given.generator) };
    super({ ...options, cell: (inputSize) => new LSTMCell({ ...options, inputSize }) }, 'lstm');
    this.hiddenSize = options.hiddenSize;
  }
}
