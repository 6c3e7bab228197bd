import {
  ArgumentError,
  checkOptions,
  concat,
  checkValue,
  is,
  type OptionRules,
  reshape,
  ShapeError,
  slice,
  stack,
  type State,
  tanh,
  type Tensor,
  tidy,
  zeros,
} from '@timestep/core';
import { show } from '@timestep/core/extend';
import { expectFeatures, expectTensor } from '../checks.ts';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh, recurrentRule } from '../options.ts';
import type { Recurrent } from '../recurrent/recurrent.ts';

/** Options of {@link OneToMany}. */
export interface OneToManyOptions<S extends State> extends FusedLayerOptions {
  /** D of the one input */
  readonly inputSize: number;
  /** P of each output; equal to the layer's inputSize, because it reads its own outputs */
  readonly outputSize: number;
  /** The layer that generates the sequence: any recurrent layer in one direction, with inputSize P. */
  readonly layer: Recurrent<S>;
}

const forwardRules = {
  targets: is.optional(is.like('a tensor', 'shape', 'dtype', 'buffer')),
  steps: is.optional(is.size()),
};

const rules: OptionRules<OneToManyOptions<State>> = {
  ...fusedLayerRules,
  inputSize: is.size(),
  outputSize: is.size(),
  layer: recurrentRule,
};

/**
 * Generates a sequence from one vector, such as a caption from an image. The initial state is s₀ = tanh(W_s x + b_s),
 * for each part of the state. Each step reads the previous output: y_t = W_o h_t + b_o with h_t from (y_{t−1}, h_{t−1})
 * and y₀ = 0.
 *
 * ```ts
 * const model = new OneToMany({ backend, inputSize: 16, outputSize: 2,
 *   layer: new GRU({ backend, inputSize: 2, hiddenSize: 32 }) });
 * const y = model.forward(x, { steps: 50 }); // [N, 16] → [50, N, 2]
 * ```
 *
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError where the layer's sizes do not fit
 */
export class OneToMany<S extends State> extends Module {
  readonly layer: Recurrent<S>;
  readonly starts: readonly Linear[];
  readonly head: Linear;
  readonly inputSize: number;
  readonly outputSize: number;

  override get typeName(): string {
    return 'OneToMany';
  }

  constructor(options: OneToManyOptions<S>) {
    super();
    checkOptions('OneToMany', options, rules);
    const { backend, layer, fused } = options;
    const generator = generatorOrFresh(options.generator);
    this.inputSize = options.inputSize;
    this.outputSize = options.outputSize;
    if (layer.bidirectional)
      throw new ArgumentError(
        '[OneToMany] a bidirectional layer cannot write a sequence; build it with bidirectional: false',
      );
    if (layer.inputSize !== this.outputSize)
      throw new ShapeError(
        `[OneToMany] expected a layer of inputSize ${this.outputSize}, which reads its outputs, got ${layer.inputSize}`,
      );
    this.layer = layer;
    this.starts = Object.values(this.#stateShapes).map(
      (shape) =>
        new Linear({
          backend,
          generator,
          fused,
          inputSize: this.inputSize,
          outputSize: layer.numLayers * shape.reduce((a, b) => a * b, 1),
        }),
    );
    this.head = new Linear({ backend, generator, fused, inputSize: layer.outputSize, outputSize: this.outputSize });
  }

  /**
   * @param x `[N, D]`
   * @param options.targets `[T, N, P]`: each step reads the true previous output (teacher forcing), so all steps are
   * computed at once
   * @param options.steps without targets: the number of steps to generate from its own outputs
   * @returns `[T, N, P]`
   */
  forward(x: Tensor, options: { readonly targets: Tensor } | { readonly steps: number }): Tensor {
    expectFeatures('OneToMany', x, this.inputSize);
    checkOptions<{ targets?: Tensor; steps?: number }>('OneToMany', options, forwardRules);
    checkValue('OneToMany', 'options', options, is.object);
    if ('steps' in options === 'targets' in options)
      throw new ArgumentError('[OneToMany] expected either targets or steps; pass one of them');
    if (x.rank !== 2)
      throw new ShapeError(`[OneToMany] expected x of shape [N, ${this.inputSize}], got ${show(x.shape)}`);
    const batch = x.shape[0]!;
    return tidy(x.backend, () => {
      const start = this.#start(x);
      if ('steps' in options) return this.#write(start, options.steps, batch);
      const { targets } = options;
      expectTensor('OneToMany', targets, 'targets');
      if (
        targets.rank !== 3 ||
        targets.shape[1] !== batch ||
        targets.shape[2] !== this.outputSize ||
        targets.shape[0] === 0
      )
        throw new ShapeError(
          `[OneToMany] expected targets of shape [T, ${batch}, ${this.outputSize}], got ${show(targets.shape)}`,
        );
      const given = concat([zeros(x.backend, [1, batch, this.outputSize]), slice(targets, 0, 0, -1)]);
      return this.head.forward(this.layer.forward(given, { state: start }).output);
    });
  }

  #write(start: S, steps: number, batch: number): Tensor {
    let state = start;
    let y = zeros(this.head.weight.backend, [batch, this.outputSize]);
    const outputs = Array.from({ length: steps }, () => {
      const result = this.layer.step(y, state);
      ({ state } = result);
      y = this.head.forward(result.output);
      return y;
    });
    return stack(outputs);
  }

  get #stateShapes(): Readonly<Record<string, readonly number[]>> {
    return this.layer.cells[0]!.stateShapes;
  }

  #start(x: Tensor): S {
    const parts = Object.entries(this.#stateShapes).map(([name, shape], k) => {
      const rows = tanh(this.starts[k]!.forward(x));
      const { numLayers } = this.layer;
      const width = rows.shape[1]! / numLayers;
      const layers = stack(
        Array.from({ length: numLayers }, (_, layer) => slice(rows, 1, layer * width, (layer + 1) * width)),
      );
      return [name, reshape(layers, [numLayers, x.shape[0]!, ...shape])] as const;
    });
    return Object.fromEntries(parts) as Record<string, Tensor> as S;
  }
}
