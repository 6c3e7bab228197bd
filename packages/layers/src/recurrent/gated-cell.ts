import {
  checkOptions,
  type Generator,
  type Initializer,
  is,
  linear,
  type OptionRules,
  type SequenceArguments,
  type State,
  type Tensor,
  uniform,
} from '@timestep/core';
import { sizeOf } from '@timestep/core/extend';
import { applyDropout } from '../dropout.ts';
import { generatorOrFresh, initializerRule, type LayerOptions, layerRules, pick } from '../options.ts';
import { checkRoom, drawValues, type GateInitializer, Parameter } from '../parameter.ts';
import { scoped, type Recurrence } from '../scoped.ts';
import { Cell, scanCell, type SequenceOptions } from './cell.ts';

/** Options of the cells that have PyTorch's four parameters. */
export interface GatedCellOptions extends LayerOptions {
  /** D */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  /** Add both bias vectors; true by default. */
  readonly bias?: boolean | undefined;
  /**
   * DropConnect on `weight_hh` while training: the probability that a recurrent weight is 0, with one mask for a whole
   * sequence (Merity et al. 2018). A single step uses all weights. 0 by default.
   */
  readonly weightDropout?: number | undefined;
  /** Draws `weight_ih`, one gate `[H, D]` after the other; PyTorch's uniform ±1/√H by default. */
  readonly initializer?: Initializer | undefined;
  /** Draws `weight_hh`, one gate `[H, P]` after the other, such as `orthogonal()`; uniform ±1/√H by default. */
  readonly recurrentInitializer?: Initializer | undefined;
}

export const gatedCellRules: OptionRules<GatedCellOptions> = {
  ...layerRules,
  inputSize: is.size(),
  hiddenSize: is.size(),
  bias: is.optional(is.boolean),
  weightDropout: is.optional(is.probability),
  initializer: initializerRule,
  recurrentInitializer: initializerRule,
};

/**
 * The base class of RNNCell, LSTMCell, GRUCell and MGUCell: G gates computed from an input product and a recurrent
 * product.
 *
 * @throws ArgumentError for an unknown option or a wrong value, ShapeError for tensors that do not fit
 * @example
 * ```ts
 * const cell = new GRUCell({ backend, inputSize: 8, hiddenSize: 32, weightDropout: 0.2 });
 * console.log(cell.weight_hh.shape); // [96, 32]
 * ```
 */
export abstract class GatedCell<S extends State & { readonly h: Tensor }> extends Cell<S> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  readonly weightDropout: number;
  /** What the masks of the weight dropout are drawn from. */
  readonly generator: Generator;
  /** `[G·H, D]` */
  weight_ih: Parameter;
  /** `[G·H, P]` */
  weight_hh: Parameter;
  /** `[G·H]` */
  bias_ih: Parameter | null;
  /** `[G·H]` */
  bias_hh: Parameter | null;

  /**
   * @param where the name in error messages
   * @param gates G
   * @param outputSize P; H but for a projected LSTM
   * @param biases draw the two bias vectors gate by gate; uniform ±1/√H by default
   */
  constructor(
    where: string,
    gates: number,
    options: GatedCellOptions,
    outputSize = options.hiddenSize,
    biases: readonly GateInitializer[] = [],
  ) {
    super();
    checkOptions(where, pick(options, gatedCellRules), gatedCellRules);
    this.inputSize = options.inputSize;
    this.hiddenSize = options.hiddenSize;
    this.outputSize = outputSize;
    this.weightDropout = options.weightDropout ?? 0;
    this.generator = generatorOrFresh(options.generator);
    const bias = options.bias ?? true;
    // Both are checked before either is drawn.
    for (const columns of [this.inputSize, outputSize]) checkRoom(options.backend, [gates * this.hiddenSize, columns]);
    this.weight_ih = this.#draw(options, gates, [this.inputSize], options.initializer);
    this.weight_hh = this.#draw(options, gates, [outputSize], options.recurrentInitializer);
    this.bias_ih = bias ? this.#draw(options, gates, [], biases[0]) : null;
    this.bias_hh = bias ? this.#draw(options, gates, [], biases[1]) : null;
  }

  /** A parameter `[gates·H, …columns]`, gate by gate. */
  #draw(
    { backend }: LayerOptions,
    gates: number,
    columns: readonly number[],
    initializer: GateInitializer = this.uniform,
  ): Parameter {
    const shape = [this.hiddenSize, ...columns];
    const values = new Float32Array(gates * sizeOf(shape));
    for (let gate = 0; gate < gates; gate++)
      values.set(drawValues(initializer, shape, this.generator, gate), gate * sizeOf(shape));
    return new Parameter(backend, [gates * this.hiddenSize, ...columns], values);
  }

  /** PyTorch's initializer for every parameter of a recurrent layer: uniform ±1/√H. */
  protected get uniform(): Initializer {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    return uniform(-bound, bound);
  }

  /** W_ih x + b_ih: x `[…, D]` → `[…, G·H]`. */
  protected project(x: Tensor): Tensor {
    return linear(x, this.weight_ih, this.bias_ih);
  }

  /** The state after one step, from the input product W_ih x + b_ih `[N, G·H]` and the state before. */
  protected abstract advance(projected: Tensor, state: S, weightHh: Tensor): S;

  /** Runs the whole sequence. A cell with an operation in core overrides it. */
  protected run(given: SequenceArguments, state: S | null): Recurrence<S> {
    const step = (projected: Tensor, before: S): Recurrence<S> => {
      const next = this.advance(projected, before, given.weightHh);
      return { output: next.h, state: next };
    };
    return scanCell(this, given.x, { ...given, state }, step, (x) => this.project(x));
  }

  step(x: Tensor, state: S): Recurrence<S> {
    return scoped(x.backend, () => {
      const next = this.advance(this.project(x), state, this.weight_hh);
      return { output: next.h, state: next };
    });
  }

  override sequence(x: Tensor, options: SequenceOptions<S> = {}): Recurrence<S> {
    return scoped(x.backend, () => {
      const state = options.state ?? null;
      const weightHh = this.inTraining
        ? applyDropout(this.weight_hh, this.weightDropout, this.generator)
        : this.weight_hh;
      const given = {
        x,
        weightIh: this.weight_ih,
        weightHh,
        biasIh: this.bias_ih,
        biasHh: this.bias_hh,
        h0: state?.h ?? null,
        lengths: options.lengths,
        reverse: options.reverse,
        fused: options.fused,
      };
      return this.run(given, state);
    });
  }
}
