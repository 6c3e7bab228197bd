import { expectTensor } from '../checks.ts';
import { checkOptions, is, type OptionRules } from '@timestep/core';
import type { State, Tensor } from '@timestep/core';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh, recurrentRule } from '../options.ts';
import type { Recurrent, RecurrentInput } from '../recurrent/recurrent.ts';
import { scoped, type Recurrence } from '../scoped.ts';

/** Options of {@link ManyToMany}. */
export interface ManyToManyOptions<S extends State> extends FusedLayerOptions {
  readonly layer: Recurrent<S>;
  /** P */
  readonly outputSize: number;
}

const rules: OptionRules<ManyToManyOptions<State>> = {
  ...fusedLayerRules,
  layer: recurrentRule,
  outputSize: is.size(),
};

/**
 * Predicts one output per step, such as a tag for every word: y_t = W h_t + b, x `[T, N, D]` → output `[T, N, P]` and
 * the layer's state. The output after a length is b, so mask these steps in the loss.
 *
 * ```ts
 * const model = new ManyToMany({ backend, layer: new LSTM({ backend, inputSize: 8, hiddenSize: 64 }), outputSize: 5 });
 * const { output, state } = model.forward(x, { lengths });
 * ```
 */
export class ManyToMany<S extends State> extends Module {
  readonly layer: Recurrent<S>;
  readonly head: Linear;

  override get typeName(): string {
    return 'ManyToMany';
  }

  constructor(options: ManyToManyOptions<S>) {
    super();
    checkOptions('ManyToMany', options, rules);
    const { backend, layer, fused } = options;
    this.layer = layer;
    this.head = new Linear({
      backend,
      fused,
      generator: generatorOrFresh(options.generator),
      inputSize: layer.outputSize,
      outputSize: options.outputSize,
    });
  }

  /** @param x `[T, N, D]` */
  forward(x: Tensor, options: RecurrentInput<S> = {}): Recurrence<S> {
    expectTensor('ManyToMany', x);
    return scoped(x.backend, () => {
      const { output, state } = this.layer.forward(x, options);
      return { output: this.head.forward(output), state };
    });
  }

  /** Computes one step of a stream: x `[N, D]` → output `[N, P]` and the new state. */
  step(x: Tensor, state: S | null = null): Recurrence<S> {
    expectTensor('ManyToMany', x);
    return scoped(x.backend, () => {
      const result = this.layer.step(x, state);
      return { output: this.head.forward(result.output), state: result.state };
    });
  }
}
