import {
  add,
  affine,
  checkOptions,
  is,
  linear,
  type OptionRules,
  sigmoid,
  tanh,
  type Tensor,
  uniform,
} from '@timestep/core';
import { checked, generatorOrFresh, type LayerOptions, layerRules, pick } from '../options.ts';
import { checkRoom, Parameter } from '../parameter.ts';
import type { Recurrence } from '../scoped.ts';
import { ProjectedCell } from './projected-cell.ts';
import { Recurrent, type StackOptions, stackRules } from './recurrent.ts';

/** `context [N, P]`; of a layer `[L·directions, N, P]` */
export type JordanState = { readonly context: Tensor };

/** A function of every element, such as `tanh` or `(x) => affine(x, 1)` of `@timestep/core`. */
export type Activation = (x: Tensor) => Tensor;

/** Options of {@link JordanCell}. */
export interface JordanCellOptions extends LayerOptions {
  /** D */
  readonly inputSize: number;
  /** H, between input and output */
  readonly hiddenSize: number;
  /** P, of the output and the context */
  readonly outputSize: number;
  /** α: how much of its old value the context keeps, 0…1; 0.5 by default, 0 for the last output alone. */
  readonly decay?: number | undefined;
  /** φ of the hidden units; `tanh` by default. */
  readonly activation?: Activation | undefined;
  /** ψ of the outputs; `sigmoid` by default. */
  readonly outputActivation?: Activation | undefined;
}

const jordanCellRules: OptionRules<JordanCellOptions> = {
  ...layerRules,
  inputSize: is.size(),
  hiddenSize: is.size(),
  outputSize: is.size(),
  decay: is.optional(is.probability),
  activation: is.optional(is.function),
  outputActivation: is.optional(is.function),
};

/**
 * One step of the Jordan network (1986). The context units hold a decaying sum of past outputs: h = φ(W_ih x + W_hc s +
 * b_h), y = ψ(W_ho h + b_o), s' = α s + y. Parameters: `weight_ih [H, D]`, `weight_hh [H, P]`, `bias_ih [H]`,
 * `weight_ho [P, H]`, `bias_ho [P]`, each from uniform ±1/√H.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new JordanCell({ backend, inputSize: 8, hiddenSize: 32, outputSize: 2 });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 2]
 * ```
 */
export class JordanCell extends ProjectedCell<JordanState> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  readonly stateShapes;
  readonly decay: number;
  weight_ih: Parameter;
  weight_hh: Parameter;
  bias_ih: Parameter;
  weight_ho: Parameter;
  bias_ho: Parameter;
  readonly activation: Activation;
  readonly outputActivation: Activation;

  override get typeName(): string {
    return 'JordanCell';
  }

  constructor(options: JordanCellOptions) {
    super();
    checkOptions('JordanCell', options, jordanCellRules);
    this.inputSize = options.inputSize;
    this.hiddenSize = options.hiddenSize;
    this.outputSize = options.outputSize;
    this.decay = options.decay ?? 0.5;
    this.stateShapes = { context: [this.outputSize] };
    this.activation = options.activation ?? tanh;
    this.outputActivation = options.outputActivation ?? sigmoid;
    const generator = generatorOrFresh(options.generator);
    const bound = 1 / Math.sqrt(this.hiddenSize);
    const draw = (...shape: number[]) => Parameter.draw(options.backend, shape, uniform(-bound, bound), generator);
    checkRoom(options.backend, [this.hiddenSize, this.outputSize]);
    this.weight_ih = draw(this.hiddenSize, this.inputSize);
    this.weight_hh = draw(this.hiddenSize, this.outputSize);
    this.bias_ih = draw(this.hiddenSize);
    this.weight_ho = draw(this.outputSize, this.hiddenSize);
    this.bias_ho = draw(this.outputSize);
  }

  protected project(x: Tensor): Tensor {
    return linear(x, this.weight_ih, this.bias_ih);
  }

  protected advance(projected: Tensor, { context }: JordanState): Recurrence<JordanState> {
    const hidden = this.activation(add(projected, linear(context, this.weight_hh)));
    const output = this.outputActivation(linear(hidden, this.weight_ho, this.bias_ho));
    return { output, state: { context: add(affine(context, this.decay), output) } };
  }
}

/** Options of {@link Jordan}. */
export interface JordanOptions extends StackOptions, JordanCellOptions {
  readonly inputSize: number;
}

const jordanRules: OptionRules<JordanOptions> = {
  ...stackRules,
  ...jordanCellRules,
};

/**
 * The Jordan network (1986) over sequences: x `[T, N, D]` → output `[T, N, P·directions]` and state `{ context:
 * [L·directions, N, P] }`; {@link JordanCell} has the equations.
 *
 * ```ts
 * const network = new Jordan({ backend, inputSize: 4, hiddenSize: 16, outputSize: 2, decay: 0.8 });
 * ```
 */
export class Jordan extends Recurrent<JordanState> {
  override get typeName(): string {
    return 'Jordan';
  }

  constructor(given: JordanOptions) {
    const options = { ...checked('Jordan', given, jordanRules), generator: generatorOrFresh(given.generator) };
    const cellOptions = pick<JordanCellOptions>(options, jordanCellRules);
    super(
      {
        ...pick<StackOptions>(options, stackRules),
        cell: (inputSize) => new JordanCell({ ...cellOptions, inputSize }),
      },
      'Jordan',
    );
  }
}
