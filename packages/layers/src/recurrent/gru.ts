import { type OptionRules } from '@timestep/core';
import { checked, generatorOrFresh, pick } from '../options.ts';
import { GRUCell, type GRUCellOptions, gruCellRules } from './gru-cell.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';
import type { HiddenState } from './rnn-cell.ts';

/** Options of {@link GRU}. */
export interface GRUOptions extends StackOptions, GRUCellOptions {
  readonly inputSize: number;
}

const gruRules: OptionRules<GRUOptions> = {
  ...stackRules,
  ...gruCellRules,
};

/**
 * Gated recurrent units (Cho et al. 2014) over sequences: x `[T, N, D]` → output `[T, N, H·directions]` and state
 * `{ h: [L·directions, N, H] }`; {@link GRUCell} has the equations. Names, shapes, gate order (r, z, n) and
 * numbers are those of `torch.nn.GRU`.
 *
 * ```ts
 * const gru = new GRU({ backend, inputSize: 8, hiddenSize: 32, numLayers: 2, dropout: 0.2 });
 * const { output, state } = gru.forward(x);
 * ```
 */
export class GRU extends Recurrent<HiddenState> {
  readonly hiddenSize: number;

  override get typeName(): string {
    return 'GRU';
  }

  constructor(given: GRUOptions) {
    const options = { ...checked('GRU', given, gruRules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<GRUCellOptions>(options, gruCellRules);
    super(
      { ...pick<StackOptions>(options, stackRules), cell: (inputSize) => new GRUCell({ ...cellOptions, inputSize }) },
      'GRU',
    );
    this.hiddenSize = options.hiddenSize;
  }
}
