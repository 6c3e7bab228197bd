import { checkOptions, constant, type FusedMode, is, layerNorm, type OptionRules, type Tensor } from '@timestep/core';
import { expectFeatures, expectTensor } from './checks.ts';
import { Module } from './module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh } from './options.ts';
import { Parameter } from './parameter.ts';

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions extends FusedLayerOptions {
  /** The length of the last axis. */
  readonly size: number;
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number | undefined;
  /** Scale and shift by trained parameters; true by default. */
  readonly affine?: boolean | undefined;
}

const rules: OptionRules<LayerNormOptions> = {
  ...fusedLayerRules,
  size: is.size(),
  epsilon: is.optional(is.number({ above: 0 })),
  affine: is.optional(is.boolean),
};

/**
 * Layer normalization: y = (x − mean)/√(variance + ε)·weight + bias over the last axis (Ba, Kiros and Hinton 2016): x
 * `[…, size]`. Parameters: `weight [size]`, from 1, and `bias [size]`, from 0.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const norm = new LayerNorm({ backend, size: 64 });
 * const y = norm.forward(x); // x: [..., 64]
 * ```
 */
export class LayerNorm extends Module {
  readonly size: number;
  readonly epsilon: number;
  weight: Parameter | null;
  bias: Parameter | null;
  readonly #fused: FusedMode | undefined;

  override get typeName(): string {
    return 'LayerNorm';
  }

  constructor(options: LayerNormOptions) {
    super();
    checkOptions('LayerNorm', options, rules);
    this.size = options.size;
    this.epsilon = options.epsilon ?? 1e-5;
    this.#fused = options.fused;
    const generator = generatorOrFresh(options.generator);
    const make = (value: number) =>
      (options.affine ?? true) ? Parameter.draw(options.backend, [this.size], constant(value), generator) : null;
    this.weight = make(1);
    this.bias = make(0);
  }

  /** @param x `[…, size]` */
  forward(x: Tensor): Tensor {
    expectTensor('LayerNorm', x);
    expectFeatures(
      'LayerNorm',
      x,
      this.size,
      `pass size: ${x.shape.at(-1)} or normalise before the layer that changes the width`,
    );
    return layerNorm(x, this.weight, this.bias, { epsilon: this.epsilon, fused: this.#fused });
  }
}
