import { tanh, tidy, type Tensor } from '@timestep/core';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import { generatorOrFresh, type FusedLayerOptions } from '../options.ts';
import type { Activation } from '../recurrent/jordan.ts';

export interface OneToOneOptions extends FusedLayerOptions {
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly outputSize: number;
  /** φ; `tanh` by default. */
  readonly activation?: Activation | undefined;
}

/**
 * One to one: a fixed input to a fixed output, without time, the case that the other shapes stand beside:
 * y = W_o φ(W_h x + b_h) + b_o, x `[…, D]` → `[…, P]`.
 */
export class OneToOne extends Module {
  readonly hidden: Linear;
  readonly head: Linear;
  readonly activation: Activation;

  constructor(given: OneToOneOptions) {
    super();
    const options = { ...given, generator: generatorOrFresh(given.generator) };
    this.hidden = new Linear({ ...options, outputSize: options.hiddenSize });
    this.head = new Linear({ ...options, inputSize: options.hiddenSize });
    this.activation = options.activation ?? tanh;
  }

  /** @param x `[…, D]` */
  forward(x: Tensor): Tensor {
    return tidy(x.backend, () => this.head.forward(this.activation(this.hidden.forward(x))));
  }
}
