import {
  affine,
  checkOptions,
  is,
  linear,
  multiply,
  type OptionRules,
  sigmoid,
  slice,
  type Tensor,
  uniform,
} from '@timestep/core';
import { checked, generatorOrFresh, type LayerOptions, layerRules, pick } from '../options.ts';
import { Parameter } from '../parameter.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';
import type { HiddenState } from './rnn-cell.ts';
import { ScanCell } from './scan-cell.ts';

/** Options of {@link MinGRUCell}. */
export interface MinGRUCellOptions extends LayerOptions {
  /** D */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  /** True by default. */
  readonly bias?: boolean | undefined;
}

const minGRUCellRules: OptionRules<MinGRUCellOptions> = {
  ...layerRules,
  inputSize: is.size(),
  hiddenSize: is.size(),
  bias: is.optional(is.boolean),
};

/**
 * One step of the minGRU (Feng et al. 2024, section 3.1): z = σ(W_z x + b_z), n = W_n x + b_n, h' = (1 − z)∘h + z∘n.
 * It is a GRU whose gates do not depend on the state, so a sequence is one linear scan. Parameters, gates in the order
 * z, n: `weight_ih [2H, D]`, `bias_ih [2H]`, from uniform ±1/√H.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new MinGRUCell({ backend, inputSize: 8, hiddenSize: 32 });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 32]
 * ```
 */
export class MinGRUCell extends ScanCell {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  readonly stateShapes;
  weight_ih: Parameter;
  bias_ih: Parameter | null;

  override get typeName(): string {
    return 'MinGRUCell';
  }

  constructor(options: MinGRUCellOptions) {
    super();
    checkOptions('MinGRUCell', options, minGRUCellRules);
    this.inputSize = options.inputSize;
    this.hiddenSize = options.hiddenSize;
    this.outputSize = this.hiddenSize;
    this.stateShapes = { h: [this.hiddenSize] };
    const generator = generatorOrFresh(options.generator);
    const bound = 1 / Math.sqrt(this.hiddenSize);
    const draw = (...shape: number[]) => Parameter.draw(options.backend, shape, uniform(-bound, bound), generator);
    this.weight_ih = draw(2 * this.hiddenSize, this.inputSize);
    this.bias_ih = (options.bias ?? true) ? draw(2 * this.hiddenSize) : null;
  }

  protected coefficients(x: Tensor): { readonly a: Tensor; readonly b: Tensor } {
    const sums = linear(x, this.weight_ih, this.bias_ih);
    const update = sigmoid(slice(sums, -1, 0, this.hiddenSize));
    return { a: affine(update, -1, 1), b: multiply(update, slice(sums, -1, this.hiddenSize)) };
  }
}

/** Options of {@link MinGRU}. */
export interface MinGRUOptions extends StackOptions, MinGRUCellOptions {
  readonly inputSize: number;
}

const minGRURules: OptionRules<MinGRUOptions> = {
  ...stackRules,
  ...minGRUCellRules,
};

/**
 * minGRU (Feng et al. 2024) over sequences by a parallel scan: x `[T, N, D]` → output `[T, N, H·directions]` and state
 * `{ h: [L·directions, N, H] }`; {@link MinGRUCell} has the equations. One layer is linear in its
 * state, so stack several.
 *
 * ```ts
 * const network = new MinGRU({ backend, inputSize: 8, hiddenSize: 64, numLayers: 3, residual: true });
 * ```
 */
export class MinGRU extends Recurrent<HiddenState> {
  readonly hiddenSize: number;

  override get typeName(): string {
    return 'MinGRU';
  }

  constructor(given: MinGRUOptions) {
    const options = { ...checked('MinGRU', given, minGRURules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<MinGRUCellOptions>(options, minGRUCellRules);
    super(
      {
        ...pick<StackOptions>(options, stackRules),
        cell: (inputSize) => new MinGRUCell({ ...cellOptions, inputSize }),
      },
      'MinGRU',
    );
    this.hiddenSize = options.hiddenSize;
  }
}
