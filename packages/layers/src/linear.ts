import {
  checkOptions,
  type FusedMode,
  type Initializer,
  is,
  kaimingUniform,
  linear,
  type OptionRules,
  type Tensor,
  uniform,
} from '@timestep/core';
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
  /** Draws W; PyTorch's uniform ±1/√inputSize by default, which b is always drawn from. */
  readonly initializer?: Initializer | undefined;
}

const rules: OptionRules<LinearOptions> = {
  ...fusedLayerRules,
  inputSize: is.size(),
  outputSize: is.size(),
  bias: is.optional(is.boolean),
  initializer: initializerRule,
};

/**
 * A fully connected layer, y = x Wᵀ + b over the last axis: x `[…, inputSize]` → y `[…, outputSize]`. Parameters:
 * `weight [outputSize, inputSize]`, `bias [outputSize]`.
 *
 * ```ts
 * const head = new Linear({ backend, inputSize: 64, outputSize: 11 });
 * const logits = head.forward(output);        // [T, N, 64] → [T, N, 11]
 * ```
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
    this.weight = Parameter.draw(backend, shape, initializer, generator);
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
