import { type OptionRules } from '@timestep/core';
import { checked, generatorOrFresh, pick } from '../options.ts';
import { LSTMCell, type LSTMCellOptions, lstmCellRules, type LSTMState } from './lstm-cell.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';

/** Options of {@link LSTM}. */
export interface LSTMOptions extends StackOptions, LSTMCellOptions {
  readonly inputSize: number;
}

const lstmRules: OptionRules<LSTMOptions> = {
  ...stackRules,
  ...lstmCellRules,
};

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997) over sequences: x `[T, N, D]` → output `[T, N,
 * P·directions]` and state `{ h: [L·directions, N, P], c: [L·directions, N, H] }`, with P = H unless projected; {@link
 * LSTMCell} has the equations. Names, shapes, gate order (i, f, g, o) and numbers are those of `torch.nn.LSTM`.
 *
 * ```ts
 * const lstm = new LSTM({ backend, inputSize: 40, hiddenSize: 128, numLayers: 2, bidirectional: true, dropout: 0.3 });
 * const { output, state } = lstm.forward(x, { lengths });
 * ```
 */
export class LSTM extends Recurrent<LSTMState> {
  readonly hiddenSize: number;

  override get typeName(): string {
    return 'LSTM';
  }

  constructor(given: LSTMOptions) {
    const options = { ...checked('LSTM', given, lstmRules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<LSTMCellOptions>(options, lstmCellRules);
    super(
      { ...pick<StackOptions>(options, stackRules), cell: (inputSize) => new LSTMCell({ ...cellOptions, inputSize }) },
      'LSTM',
    );
    this.hiddenSize = options.hiddenSize;
  }
}
