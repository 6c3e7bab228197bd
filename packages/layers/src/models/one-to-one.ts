import { expectFeatures } from '../checks.ts';
import { checkOptions, is, type OptionRules, tanh, type Tensor, tidy } from '@timestep/core';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh } from '../options.ts';
import type { Activation } from '../recurrent/jordan.ts';

/** Options of {@link OneToOne}. */
export interface OneToOneOptions extends FusedLayerOptions {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  /** φ; `tanh` by default. */
  readonly activation?: Activation | undefined;
}

const rules: OptionRules<OneToOneOptions> = {
  ...fusedLayerRules,
  inputSize: is.size(),
  hiddenSize: is.size(),
  outputSize: is.size(),
  activation: is.optional(is.function),
};

/**
 * A network with one hidden layer and no time axis: y = W_o φ(W_h x + b_h) + b_o, x `[…, D]` → `[…, P]`. It completes
 * the family of {@link OneToMany}, {@link ManyToOne} and {@link ManyToMany}.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const model = new OneToOne({ backend, inputSize: 4, hiddenSize: 32, outputSize: 3 });
 * const logits = model.forward(x); // x: [N, 4], logits: [N, 3]
 * ```
 */
export class OneToOne extends Module {
  readonly hidden: Linear;
  readonly head: Linear;
  readonly activation: Activation;

  override get typeName(): string {
    return 'OneToOne';
  }

  constructor(given: OneToOneOptions) {
    super();
    checkOptions('OneToOne', given, rules);
    const { hiddenSize, activation = tanh, generator, ...options } = given;
    const shared = { ...options, generator: generatorOrFresh(generator) };
    this.hidden = new Linear({ ...shared, outputSize: hiddenSize });
    this.head = new Linear({ ...shared, inputSize: hiddenSize });
    this.activation = activation;
  }

  /** @param x `[…, D]` */
  forward(x: Tensor): Tensor {
    expectFeatures('OneToOne', x, this.hidden.inputSize);
    return tidy(x.backend, () => this.head.forward(this.activation(this.hidden.forward(x))));
  }
}
