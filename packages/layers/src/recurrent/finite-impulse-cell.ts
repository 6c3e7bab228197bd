import {
  checkOptions,
  concat,
  is,
  linear,
  type OptionRules,
  reshape,
  slice,
  tanh,
  type Tensor,
  transpose,
  uniform,
} from '@timestep/core';
import { generatorOrFresh, type LayerOptions, layerRules } from '../options.ts';
import { Parameter } from '../parameter.ts';
import { scoped, type Recurrence } from '../scoped.ts';
import { Cell } from './cell.ts';
import type { Activation } from './jordan.ts';

/** `taps [N, K − 1, D]`, the last inputs, the newest first */
export type TapState = { readonly taps: Tensor };

/** Options of {@link FiniteImpulseCell}. */
export interface FiniteImpulseCellOptions extends LayerOptions {
  /** D */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  /** K: the number of inputs that a unit reads, including the current one */
  readonly taps: number;
  /** φ; `tanh` by default. */
  readonly activation?: Activation | undefined;
}

export const finiteImpulseCellRules: OptionRules<FiniteImpulseCellOptions> = {
  ...layerRules,
  inputSize: is.size(),
  hiddenSize: is.size(),
  taps: is.size(),
  activation: is.optional(is.function),
};

/**
 * One step of a layer with a finite impulse response (Waibel et al. 1989; Wan 1990): each connection is a filter over
 * the last K inputs, y_t = φ(Σ_k W_k x_{t−k} + b). The only memory is the delay line, so an input has no effect after K
 * steps. Parameters: `weight_ih [K, H, D]`, W_0 (the input of now) first, and `bias_ih [H]`, from uniform ±1/√(K·D).
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new FiniteImpulseCell({ backend, inputSize: 4, hiddenSize: 16, taps: 3 });
 * const { output, state } = cell.forward(x); // x: [N, 4], output: [N, 16]
 * ```
 */
export class FiniteImpulseCell extends Cell<TapState> {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  readonly taps: number;
  readonly stateShapes;
  readonly activation: Activation;
  weight_ih: Parameter;
  bias_ih: Parameter;

  override get typeName(): string {
    return 'FiniteImpulseCell';
  }

  constructor(options: FiniteImpulseCellOptions) {
    super();
    checkOptions('FiniteImpulseCell', options, finiteImpulseCellRules);
    this.inputSize = options.inputSize;
    this.hiddenSize = options.hiddenSize;
    this.outputSize = this.hiddenSize;
    this.taps = options.taps;
    this.stateShapes = { taps: [this.taps - 1, this.inputSize] };
    this.activation = options.activation ?? tanh;
    const generator = generatorOrFresh(options.generator);
    const bound = 1 / Math.sqrt(this.taps * this.inputSize);
    const draw = (...shape: number[]) => Parameter.draw(options.backend, shape, uniform(-bound, bound), generator);
    this.weight_ih = draw(this.taps, this.hiddenSize, this.inputSize);
    this.bias_ih = draw(this.hiddenSize);
  }

  step(x: Tensor, { taps }: TapState): Recurrence<TapState> {
    return scoped(x.backend, () => {
      const batch = x.shape[0]!;
      const line = concat([reshape(x, [batch, 1, this.inputSize]), taps], 1);
      const width = this.taps * this.inputSize;
      const filters = reshape(transpose(this.weight_ih, [1, 0, 2]), [this.hiddenSize, width]);
      const output = this.activation(linear(reshape(line, [batch, width]), filters, this.bias_ih));
      return { output, state: { taps: slice(line, 1, 0, this.taps - 1) } };
    });
  }
}
