import {
  checkOptions,
  type FusedMode,
  type Initializer,
  is,
  kaimingUniform,
  linear,
  type OptionRules,
  ShapeError,
  type Tensor,
  uniform,
} from '@timestep/core';
import { sameShape, show } from '@timestep/core/extend';
import { expectFeatures } from './checks.ts';
import { Module } from './module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh, initializerRule } from './options.ts';
import { Parameter } from './parameter.ts';

/** Options of {@link Linear}. */
export interface LinearOptions extends FusedLayerOptions {
  readonly inputSize: number;
  readonly outputSize: number;
  /** Add b; true by default. */
  readonly bias?: boolean | undefined;
  /**
   * Another layer's parameter `[outputSize, inputSize]` as W, such as the table of an `Embedding` for tied embeddings
   * (Press and Wolf 2017): both layers train it. A new one by default.
   */
  readonly weight?: Parameter | undefined;
  /** Draws W; PyTorch's uniform ±1/√inputSize by default, which b is always drawn from. */
  readonly initializer?: Initializer | undefined;
}

const rules: OptionRules<LinearOptions> = {
  ...fusedLayerRules,
  inputSize: is.size(),
  outputSize: is.size(),
  bias: is.optional(is.boolean),
  weight: is.optional(is.like('a parameter, such as embedding.weight', 'shape', 'buffer', 'requiresGrad')),
  initializer: initializerRule,
};

/**
 * A fully connected layer, y = x Wᵀ + b over the last axis: x `[…, inputSize]` → y `[…, outputSize]`. Parameters:
 * `weight [outputSize, inputSize]`, `bias [outputSize]`.
 *
 * ```ts
 * const head = new Linear({ backend, inputSize: 64, outputSize: 11 });
 * const logits = head.forward(output);        // [T, N, 64] → [T, N, 11]
 *
 * // Tied embeddings: the table of the symbols scores them too.
 * const embedding = new Embedding({ backend, numEmbeddings: 1000, embeddingSize: 64 });
 * const tied = new Linear({ backend, inputSize: 64, outputSize: 1000, weight: embedding.weight });
 * ```
 *
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError for a weight of another shape
 */
export class Linear extends Module {
  readonly inputSize: number;
  readonly outputSize: number;
  weight: Parameter;
  bias: Parameter | null;
  readonly #fused: FusedMode | undefined;

  override get typeName(): string {
    return 'Linear';
  }

  constructor(options: LinearOptions) {
    super();
    checkOptions('Linear', options, rules);
    const { backend, initializer = kaimingUniform(Math.sqrt(5)) } = options;
    this.inputSize = options.inputSize;
    this.outputSize = options.outputSize;
    this.#fused = options.fused;
    const generator = generatorOrFresh(options.generator);
    const shape = [this.outputSize, this.inputSize];
    if (options.weight && !sameShape(options.weight.shape, shape))
      throw new ShapeError(
        `[Linear] expected a weight of shape ${show(shape)}, got ${show(options.weight.shape)}; a tied Linear has the embedding's size as inputSize and its number of rows as outputSize`,
      );
    this.weight = options.weight ?? Parameter.draw(backend, shape, initializer, generator);
    const bound = 1 / Math.sqrt(this.inputSize);
    this.bias =
      (options.bias ?? true) ? Parameter.draw(backend, [this.outputSize], uniform(-bound, bound), generator) : null;
  }

  /**
   * @param x `[…, inputSize]`
   * @throws ShapeError where the last axis is not inputSize
   */
  forward(x: Tensor): Tensor {
    expectFeatures('Linear', x, this.inputSize);
    return linear(x, this.weight, this.bias, { fused: this.#fused });
  }
}
