import {
  add,
  checkOptions,
  type Initializer,
  is,
  linear,
  multiply,
  type OptionRules,
  relu,
  tanh,
  type Tensor,
  uniform,
} from '@timestep/core';
import { checked, generatorOrFresh, initializerRule, type LayerOptions, layerRules, pick } from '../options.ts';
import { Parameter } from '../parameter.ts';
import type { Recurrence } from '../scoped.ts';
import { ProjectedCell } from './projected-cell.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';
import type { HiddenState } from './rnn-cell.ts';

/** Options of {@link IndRNNCell}. */
export interface IndRNNCellOptions extends LayerOptions {
  /** D */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  /** φ; `relu` by default, as in the paper. */
  readonly activation?: 'tanh' | 'relu' | undefined;
  /** Draws W; PyTorch's uniform ±1/√H by default. */
  readonly initializer?: Initializer | undefined;
  /** Draws u, `[H]`; uniform in [0, 1) by default. For a memory of T steps keep |u| near 1 and below 2^(1/T). */
  readonly recurrentInitializer?: Initializer | undefined;
}

const indRNNCellRules: OptionRules<IndRNNCellOptions> = {
  ...layerRules,
  inputSize: is.size(),
  hiddenSize: is.size(),
  activation: is.optional(is.oneOf('tanh', 'relu')),
  initializer: initializerRule,
  recurrentInitializer: initializerRule,
};

/**
 * One step of an independently recurrent network (Li et al. 2018, equation 2): h' = φ(W x + u∘h + b). Each unit reads
 * only its own past, so the single number u sets how long it remembers. The layers above mix the units. Parameters:
 * `weight_ih [H, D]`, `weight_hh [H]`, `bias_ih [H]`.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new IndRNNCell({ backend, inputSize: 8, hiddenSize: 32 });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 32]
 * ```
 */
export class IndRNNCell extends ProjectedCell<HiddenState> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  readonly stateShapes;
  readonly activation: 'tanh' | 'relu';
  weight_ih: Parameter;
  weight_hh: Parameter;
  bias_ih: Parameter;

  override get typeName(): string {
    return 'IndRNNCell';
  }

  constructor(options: IndRNNCellOptions) {
    super();
    checkOptions('IndRNNCell', options, indRNNCellRules);
    this.inputSize = options.inputSize;
    this.hiddenSize = options.hiddenSize;
    this.outputSize = this.hiddenSize;
    this.stateShapes = { h: [this.hiddenSize] };
    this.activation = options.activation ?? 'relu';
    const generator = generatorOrFresh(options.generator);
    const bound = 1 / Math.sqrt(this.hiddenSize);
    const draw = (shape: number[], initializer: Initializer = uniform(-bound, bound)) =>
      Parameter.draw(options.backend, shape, initializer, generator);
    this.weight_ih = draw([this.hiddenSize, this.inputSize], options.initializer);
    this.weight_hh = draw([this.hiddenSize], options.recurrentInitializer ?? uniform(0, 1));
    this.bias_ih = draw([this.hiddenSize]);
  }

  protected project(x: Tensor): Tensor {
    return linear(x, this.weight_ih, this.bias_ih);
  }

  protected advance(projected: Tensor, { h }: HiddenState): Recurrence<HiddenState> {
    const sum = add(projected, multiply(h, this.weight_hh));
    const next = this.activation === 'relu' ? relu(sum) : tanh(sum);
    return { output: next, state: { h: next } };
  }
}

/** Options of {@link IndRNN}. */
export interface IndRNNOptions extends StackOptions, IndRNNCellOptions {
  readonly inputSize: number;
}

const indRNNRules: OptionRules<IndRNNOptions> = {
  ...stackRules,
  ...indRNNCellRules,
};

/**
 * Independently recurrent networks (Li et al. 2018) over sequences: x `[T, N, D]` → output `[T, N, H·directions]` and
 * state `{ h: [L·directions, N, H] }`; {@link IndRNNCell} has the equations. Stack several.
 *
 * ```ts
 * const network = new IndRNN({ backend, inputSize: 2, hiddenSize: 64, numLayers: 2 });
 * ```
 */
export class IndRNN extends Recurrent<HiddenState> {
  readonly hiddenSize: number;

  override get typeName(): string {
    return 'IndRNN';
  }

  constructor(given: IndRNNOptions) {
    const options = { ...checked('IndRNN', given, indRNNRules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<IndRNNCellOptions>(options, indRNNCellRules);
    super(
      {
        ...pick<StackOptions>(options, stackRules),
        cell: (inputSize) => new IndRNNCell({ ...cellOptions, inputSize }),
      },
      'IndRNN',
    );
    this.hiddenSize = options.hiddenSize;
  }
}
