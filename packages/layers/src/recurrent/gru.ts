import { generatorOrFresh } from '../options.ts';
import { GRUCell, type GRUCellOptions } from './gru-cell.ts';
import { Recurrent, type StackOptions } from './recurrent.ts';
import type { HiddenState } from './rnn-cell.ts';

export interface GRUOptions extends StackOptions, GRUCellOptions {
  readonly inputSize: number;
}

/**
 * Gated recurrent units (Cho et al. 2014) over sequences: x `[T, N, D]` → output `[T, N, H·directions]` and state
 * `{ h: [L·directions, N, H] }`; the equations stand at {@link GRUCell}. Names, shapes, gate order (r, z, n) and
 * numbers are those of `torch.nn.GRU`.
 *
 * ```ts
 * const gru = new GRU({ backend, inputSize: 8, hiddenSize: 32, numLayers: 2, dropout: 0.2 });
 * const { output, state } = gru.forward(x);
 * ```
 */
export class GRU extends Recurrent<HiddenState> {
  readonly hiddenSize: number;

  constructor(given: GRUOptions) {
    const options = { ...given, generator: generatorOrFresh(given.generator) };
    super({ ...options, cell: (inputSize) => new GRUCell({ ...options, inputSize }) }, 'gru');
    this.hiddenSize = options.hiddenSize;
  }
}
