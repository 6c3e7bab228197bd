import { expectTensor } from '../checks.ts';
import {
  checkOptions,
  concat,
  full,
  gatherRows,
  is,
  type OptionRules,
  reshape,
  select,
  slice,
  type State,
  sum,
  tensor,
  type Tensor,
  tidy,
} from '@timestep/core';
import { checkLengths } from '@timestep/core/extend';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh, recurrentRule } from '../options.ts';
import { maxOverSteps, meanOverSteps, someSteps } from '../pooling/over-steps.ts';
import type { Recurrent, RecurrentInput } from '../recurrent/recurrent.ts';

/** Options of {@link ManyToOne}. */
export interface ManyToOneOptions<S extends State> extends FusedLayerOptions {
  readonly layer: Recurrent<S>;
  /** P */
  readonly outputSize: number;
  /**
   * How the layer's outputs are pooled over the valid steps: the `last` (default; in the reverse direction the first
   * step), the `mean` or the `max`.
   */
  readonly pool?: 'last' | 'mean' | 'max' | undefined;
}

const rules: OptionRules<ManyToOneOptions<State>> = {
  ...fusedLayerRules,
  layer: recurrentRule,
  outputSize: is.size(),
  pool: is.optional(is.oneOf('last', 'mean', 'max')),
};

/**
 * Predicts one output per sequence, such as the label of a sentence: y = W·pool(h_1 … h_T) + b, x `[T, N, D]` → `[N,
 * P]`. An empty sequence pools to zeros.
 *
 * ```ts
 * const model = new ManyToOne({ backend, layer: new LSTM({ backend, inputSize: 8, hiddenSize: 64 }), outputSize: 5 });
 * const logits = model.forward(x, { lengths });
 * ```
 */
export class ManyToOne<S extends State> extends Module {
  readonly layer: Recurrent<S>;
  readonly head: Linear;
  readonly pool: 'last' | 'mean' | 'max';

  override get typeName(): string {
    return 'ManyToOne';
  }

  constructor(options: ManyToOneOptions<S>) {
    super();
    checkOptions('ManyToOne', options, rules);
    const { backend, layer, fused } = options;
    this.layer = layer;
    this.pool = options.pool ?? 'last';
    this.head = new Linear({
      backend,
      fused,
      generator: generatorOrFresh(options.generator),
      inputSize: layer.outputSize,
      outputSize: options.outputSize,
    });
  }

  /** @param x `[T, N, D]` */
  forward(x: Tensor, options: RecurrentInput<S> = {}): Tensor {
    expectTensor('ManyToOne', x);
    return tidy(x.backend, () => {
      const { output } = this.layer.forward(x, options);
      const [steps, batch] = output.shape as [number, number];
      const lengths = checkLengths('ManyToOne', options.lengths, steps, batch) ?? new Int32Array(batch).fill(steps);
      return this.head.forward(this.#pooled(output, lengths));
    });
  }

  #pooled(output: Tensor, lengths: Int32Array): Tensor {
    const { backend } = output;
    // The sum over no steps is 0, and it passes the gradient 0 to the layer.
    if (output.shape[0] === 0) return sum(output, 0);
    if (this.pool === 'mean') return meanOverSteps(output, lengths);
    if (this.pool === 'max') return maxOverSteps(output, lengths);
    return select(someSteps(backend, lengths), this.#last(output, lengths), full(backend, [], 0));
  }

  /** Concatenates the last outputs of both directions. */
  #last(output: Tensor, lengths: Int32Array): Tensor {
    const [steps, batch, width] = output.shape as [number, number, number];
    const index = Int32Array.from(lengths, (length, n) => Math.max(0, length - 1) * batch + n);
    const last = gatherRows(reshape(output, [steps * batch, width]), tensor(output.backend, index));
    if (!this.layer.bidirectional) return last;
    const first = reshape(slice(output, 0, 0, 1), [batch, width]);
    return concat([slice(last, 1, 0, width / 2), slice(first, 1, width / 2)], 1);
  }
}
