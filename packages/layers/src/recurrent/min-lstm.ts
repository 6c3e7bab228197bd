import {
  checkOptions,
  is,
  linear,
  multiply,
  negative,
  type OptionRules,
  sigmoid,
  slice,
  softplus,
  subtract,
  type Tensor,
  uniform,
} from '@timestep/core';
import { checked, generatorOrFresh, type LayerOptions, layerRules, pick } from '../options.ts';
import { Parameter } from '../parameter.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';
import type { HiddenState } from './rnn-cell.ts';
import { ScanCell } from './scan-cell.ts';

/** Options of {@link MinLSTMCell}. */
export interface MinLSTMCellOptions extends LayerOptions {
  /** D */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  /** True by default. */
  readonly bias?: boolean | undefined;
  /** The initial bias of the forget gate; random by default. A larger value gives a longer memory. */
  readonly forgetBias?: number | undefined;
}

const minLSTMCellRules: OptionRules<MinLSTMCellOptions> = {
  ...layerRules,
  inputSize: is.size(),
  hiddenSize: is.size(),
  bias: is.optional(is.boolean),
  forgetBias: is.optional(is.number()),
};

/**
 * One step of the minLSTM (Feng et al. 2024, section 3.2): i = σ(W_i x + b_i), f = σ(W_f x + b_f), n = W_n x + b_n, and
 * with both gates scaled to a sum of 1, h' = f/(f + i)∘h + i/(f + i)∘n. Parameters, gates in the order i, f, n:
 * `weight_ih [3H, D]`, `bias_ih [3H]`, from uniform ±1/√H.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new MinLSTMCell({ backend, inputSize: 8, hiddenSize: 32 });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 32]
 * ```
 */
export class MinLSTMCell extends ScanCell {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  readonly stateShapes;
  weight_ih: Parameter;
  bias_ih: Parameter | null;

  override get typeName(): string {
    return 'MinLSTMCell';
  }

  constructor(options: MinLSTMCellOptions) {
    super();
    checkOptions('MinLSTMCell', options, minLSTMCellRules);
    this.inputSize = options.inputSize;
    this.hiddenSize = options.hiddenSize;
    this.outputSize = this.hiddenSize;
    this.stateShapes = { h: [this.hiddenSize] };
    const generator = generatorOrFresh(options.generator);
    const { backend, bias = true, forgetBias } = options;
    const bound = 1 / Math.sqrt(this.hiddenSize);
    const draw = (...shape: number[]): Float32Array => uniform(-bound, bound)(shape, generator);
    const shape = [3 * this.hiddenSize, this.inputSize];
    this.weight_ih = Parameter.draw(backend, shape, uniform(-bound, bound), generator);
    const biases = draw(3 * this.hiddenSize);
    if (forgetBias !== undefined) biases.fill(forgetBias, this.hiddenSize, 2 * this.hiddenSize);
    this.bias_ih = bias ? new Parameter(backend, [3 * this.hiddenSize], biases) : null;
  }

  protected coefficients(x: Tensor): { readonly a: Tensor; readonly b: Tensor } {
    const size = this.hiddenSize;
    const sums = linear(x, this.weight_ih, this.bias_ih);
    // σ(f)/(σ(f) + σ(i)) = σ(ln σ(f) − ln σ(i)): where both gates are 0 the quotient would be 0/0.
    const odds = subtract(
      softplus(negative(slice(sums, -1, 0, size))),
      softplus(negative(slice(sums, -1, size, 2 * size))),
    );
    return { a: sigmoid(odds), b: multiply(sigmoid(negative(odds)), slice(sums, -1, 2 * size)) };
  }
}

/** Options of {@link MinLSTM}. */
export interface MinLSTMOptions extends StackOptions, MinLSTMCellOptions {
  readonly inputSize: number;
}

const minLSTMRules: OptionRules<MinLSTMOptions> = {
  ...stackRules,
  ...minLSTMCellRules,
};

/**
 * minLSTM (Feng et al. 2024) over sequences by a parallel scan: x `[T, N, D]` → output `[T, N, H·directions]` and state
 * `{ h: [L·directions, N, H] }`; {@link MinLSTMCell} has the equations. One layer is linear in its
 * state, so stack several.
 *
 * ```ts
 * const network = new MinLSTM({ backend, inputSize: 2, hiddenSize: 64, numLayers: 2, forgetBias: 4 });
 * ```
 */
export class MinLSTM extends Recurrent<HiddenState> {
  readonly hiddenSize: number;

  override get typeName(): string {
    return 'MinLSTM';
  }

  constructor(given: MinLSTMOptions) {
    const options = { ...checked('MinLSTM', given, minLSTMRules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<MinLSTMCellOptions>(options, minLSTMCellRules);
    super(
      {
        ...pick<StackOptions>(options, stackRules),
        cell: (inputSize) => new MinLSTMCell({ ...cellOptions, inputSize }),
      },
      'MinLSTM',
    );
    this.hiddenSize = options.hiddenSize;
  }
}
