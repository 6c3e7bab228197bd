import {
  add,
  linear,
  multiply,
  type OptionRules,
  sigmoid,
  slice,
  subtract,
  tanh,
  type Tensor,
  tidy,
} from '@timestep/core';
import { checked, generatorOrFresh, pick } from '../options.ts';
import { GatedCell, type GatedCellOptions, gatedCellRules } from './gated-cell.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';
import type { HiddenState } from './rnn-cell.ts';

/**
 * One step of the minimal gated unit (Zhou et al. 2016, equations 3): f = σ(W_f x + b_if + U_f h + b_hf),
 * n = tanh(W_n x + b_in + U_n (f∘h) + b_hn), h' = (1 − f)∘h + f∘n. One gate both forgets and updates. It has two thirds
 * of the parameters of a GRU. Parameters, gates in the order f, n: `weight_ih [2H, D]`, `weight_hh [2H, H]`, `bias_ih
 * [2H]`, `bias_hh [2H]`.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new MGUCell({ backend, inputSize: 8, hiddenSize: 32 });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 32]
 * ```
 */
export class MGUCell extends GatedCell<HiddenState> {
  readonly stateShapes;

  override get typeName(): string {
    return 'MGUCell';
  }

  constructor(options: GatedCellOptions) {
    super('MGUCell', 2, checked('MGUCell', options, gatedCellRules));
    this.stateShapes = { h: [this.hiddenSize] };
  }

  protected advance(projected: Tensor, { h }: HiddenState, weightHh: Tensor): HiddenState {
    const size = this.hiddenSize;
    const recurrent = (gate: number, x: Tensor): Tensor => {
      const [from, to] = [gate * size, (gate + 1) * size];
      return add(
        slice(projected, 1, from, to),
        linear(x, slice(weightHh, 0, from, to), this.bias_hh && slice(this.bias_hh, 0, from, to)),
      );
    };
    return tidy(projected.backend, () => {
      const forget = sigmoid(recurrent(0, h));
      const fresh = tanh(recurrent(1, multiply(forget, h)));
      return { h: add(h, multiply(forget, subtract(fresh, h))) };
    });
  }
}

/** Options of {@link MGU}. */
export interface MGUOptions extends StackOptions, GatedCellOptions {
  readonly inputSize: number;
}

const mguRules: OptionRules<MGUOptions> = {
  ...stackRules,
  ...gatedCellRules,
};

/**
 * Minimal gated units (Zhou et al. 2016) over sequences: x `[T, N, D]` → output `[T, N, H·directions]` and state
 * `{ h: [L·directions, N, H] }`; {@link MGUCell} has the equations.
 *
 * ```ts
 * const mgu = new MGU({ backend, inputSize: 8, hiddenSize: 32, bidirectional: true });
 * ```
 */
export class MGU extends Recurrent<HiddenState> {
  readonly hiddenSize: number;

  override get typeName(): string {
    return 'MGU';
  }

  constructor(given: MGUOptions) {
    const options = { ...checked('MGU', given, mguRules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<GatedCellOptions>(options, gatedCellRules);
    super(
      { ...pick<StackOptions>(options, stackRules), cell: (inputSize) => new MGUCell({ ...cellOptions, inputSize }) },
      'MGU',
    );
    this.hiddenSize = options.hiddenSize;
  }
}
