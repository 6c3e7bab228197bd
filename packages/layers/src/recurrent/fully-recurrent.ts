import {
  add,
  ArgumentError,
  checkOptions,
  is,
  linear,
  type OptionRules,
  sigmoid,
  slice,
  type Tensor,
  uniform,
} from '@timestep/core';
import { checked, generatorOrFresh, type LayerOptions, layerRules, pick } from '../options.ts';
import { checkRoom, Parameter } from '../parameter.ts';
import type { Recurrence } from '../scoped.ts';
import type { Activation } from './jordan.ts';
import { ProjectedCell } from './projected-cell.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';
import type { HiddenState } from './rnn-cell.ts';

/** Options of {@link FullyRecurrentCell}. */
export interface FullyRecurrentCellOptions extends LayerOptions {
  /** D */
  readonly inputSize: number;
  /** H, all units */
  readonly hiddenSize: number;
  /** P: the first P units are the output; all units by default. */
  readonly outputSize?: number | undefined;
  /** φ, any function of core's operations; `sigmoid` by default, as in the paper. */
  readonly activation?: Activation | undefined;
}

const fullyRecurrentCellRules: OptionRules<FullyRecurrentCellOptions> = {
  ...layerRules,
  inputSize: is.size(),
  hiddenSize: is.size(),
  outputSize: is.optional(is.size()),
  activation: is.optional(is.function),
};

/**
 * One step of a fully recurrent network (Williams and Zipser 1989, equations 1 and 2): every unit reads every unit of
 * the previous step and every input, h' = φ(W_ih x + W_hh h + b), and some of the units are read as the output.
 * Parameters: `weight_ih [H, D]`, `weight_hh [H, H]`, `bias_ih [H]`, each from uniform ±1/√H.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new FullyRecurrentCell({ backend, inputSize: 8, hiddenSize: 32 });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 32]
 * ```
 */
export class FullyRecurrentCell extends ProjectedCell<HiddenState> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  readonly stateShapes;
  weight_ih: Parameter;
  weight_hh: Parameter;
  bias_ih: Parameter;
  readonly activation: Activation;

  override get typeName(): string {
    return 'FullyRecurrentCell';
  }

  constructor(options: FullyRecurrentCellOptions) {
    super();
    checkOptions('FullyRecurrentCell', options, fullyRecurrentCellRules);
    this.inputSize = options.inputSize;
    this.hiddenSize = options.hiddenSize;
    this.outputSize = options.outputSize ?? this.hiddenSize;
    if (this.outputSize > this.hiddenSize)
      throw new ArgumentError(
        `[FullyRecurrentCell] expected outputSize of at most hiddenSize ${this.hiddenSize}, got ${this.outputSize}; the outputs are some of the units`,
      );
    this.stateShapes = { h: [this.hiddenSize] };
    this.activation = options.activation ?? sigmoid;
    const generator = generatorOrFresh(options.generator);
    const bound = 1 / Math.sqrt(this.hiddenSize);
    const draw = (...shape: number[]) => Parameter.draw(options.backend, shape, uniform(-bound, bound), generator);
    checkRoom(options.backend, [this.hiddenSize, this.hiddenSize]);
    this.weight_ih = draw(this.hiddenSize, this.inputSize);
    this.weight_hh = draw(this.hiddenSize, this.hiddenSize);
    this.bias_ih = draw(this.hiddenSize);
  }

  protected project(x: Tensor): Tensor {
    return linear(x, this.weight_ih, this.bias_ih);
  }

  protected advance(projected: Tensor, { h }: HiddenState): Recurrence<HiddenState> {
    const next = this.activation(add(projected, linear(h, this.weight_hh)));
    return {
      output: this.outputSize === this.hiddenSize ? next : slice(next, 1, 0, this.outputSize),
      state: { h: next },
    };
  }
}

/** Options of {@link FullyRecurrent}. */
export interface FullyRecurrentOptions extends StackOptions, FullyRecurrentCellOptions {
  readonly inputSize: number;
}

const fullyRecurrentRules: OptionRules<FullyRecurrentOptions> = {
  ...stackRules,
  ...fullyRecurrentCellRules,
};

/**
 * A fully recurrent network (Williams and Zipser 1989) over sequences: x `[T, N, D]` → output `[T, N, P·directions]`
 * and state `{ h: [L·directions, N, H] }`; {@link FullyRecurrentCell} has the equations.
 *
 * ```ts
 * const network = new FullyRecurrent({ backend, inputSize: 2, hiddenSize: 12, outputSize: 1, activation: softplus });
 * ```
 */
export class FullyRecurrent extends Recurrent<HiddenState> {
  override get typeName(): string {
    return 'FullyRecurrent';
  }

  constructor(given: FullyRecurrentOptions) {
    const options = {
      ...checked('FullyRecurrent', given, fullyRecurrentRules),
      generator: generatorOrFresh(given.generator),
    };
    const cellOptions = pick<FullyRecurrentCellOptions>(options, fullyRecurrentCellRules);
    super(
      {
        ...pick<StackOptions>(options, stackRules),
        cell: (inputSize) => new FullyRecurrentCell({ ...cellOptions, inputSize }),
      },
      'FullyRecurrent',
    );
  }
}
