import {
  add,
  affine,
  checkOptions,
  exp,
  type Initializer,
  is,
  log,
  matmul,
  max,
  normal,
  type OptionRules,
  reshape,
  softmax,
  square,
  subtract,
  sum,
  type Tensor,
  tidy,
} from '@timestep/core';
import { expectFeatures, expectTensor } from '../checks.ts';
import { Module } from '../module.ts';
import { generatorOrFresh, initializerRule, type LayerOptions, layerRules } from '../options.ts';
import { Parameter } from '../parameter.ts';

/** Options of {@link ContinuousHopfield}. */
export interface ContinuousHopfieldOptions extends LayerOptions {
  /** M */
  readonly numPatterns: number;
  /** D */
  readonly patternSize: number;
  /** β: the larger, the closer to the single nearest pattern; 1/√D by default, the attention of Transformers. */
  readonly beta?: number | undefined;
  /** Updates per recall; 1 by default, which usually suffices. */
  readonly steps?: number | undefined;
  /** Draws the initial patterns; normal(0, 1) by default. Set your own with `patterns.assign`. */
  readonly initializer?: Initializer | undefined;
}

const rules: OptionRules<ContinuousHopfieldOptions> = {
  ...layerRules,
  numPatterns: is.size(),
  patternSize: is.size(),
  beta: is.optional(is.number({ above: 0 })),
  steps: is.optional(is.size()),
  initializer: initializerRule,
};

/**
 * The modern Hopfield network with continuous states (Ramsauer et al. 2021, equations 2 and 3): ξ' = softmax(β ξ Xᵀ) X.
 * Its energy E = −lse(β, Xξ) + ½ξᵀξ + ln M/β + ½ max‖x‖² never increases. The number of patterns it can store grows
 * exponentially with D. One update is attention over the stored patterns. It is differentiable, so it can learn
 * patterns. Parameter: `patterns [M, D]`.
 *
 * ```ts
 * const memory = new ContinuousHopfield({ backend, numPatterns: 1000, patternSize: 64, beta: 8 });
 * const recalled = memory.forward(damaged);   // [N, 64] → [N, 64]
 * ```
 */
export class ContinuousHopfield extends Module {
  readonly beta: number;
  readonly steps: number;
  patterns: Parameter;

  override get typeName(): string {
    return 'ContinuousHopfield';
  }

  constructor(options: ContinuousHopfieldOptions) {
    super();
    checkOptions('ContinuousHopfield', options, rules);
    const shape = [options.numPatterns, options.patternSize];
    this.beta = options.beta ?? 1 / Math.sqrt(options.patternSize);
    this.steps = options.steps ?? 1;
    this.patterns = Parameter.draw(
      options.backend,
      shape,
      options.initializer ?? normal(),
      generatorOrFresh(options.generator),
    );
  }

  /** @param query the states to start from, `[…, D]` */
  forward(query: Tensor): Tensor {
    expectTensor('ContinuousHopfield', query, 'query');
    return tidy(query.backend, () => {
      let state = this.#rows(query);
      for (let step = 0; step < this.steps; step++)
        state = matmul(softmax(affine(this.#scores(state), this.beta)), this.patterns);
      return reshape(state, query.shape);
    });
  }

  /** E of each state: `[…, D]` → `[…]`. */
  energy(state: Tensor): Tensor {
    expectTensor('ContinuousHopfield', state, 'state');
    return tidy(state.backend, () => {
      const rows = this.#rows(state);
      const scores = affine(this.#scores(rows), this.beta);
      const highest = max(scores.detach(), -1, { keepAxes: true });
      const logSum = add(log(sum(exp(subtract(scores, highest)), -1, { keepAxes: true })), highest);
      const longest = max(sum(square(this.patterns), -1));
      const own = affine(sum(square(rows), -1, { keepAxes: true }), 0.5, Math.log(this.patterns.shape[0]!) / this.beta);
      return reshape(add(subtract(own, affine(logSum, 1 / this.beta)), affine(longest, 0.5)), state.shape.slice(0, -1));
    });
  }

  #rows(x: Tensor): Tensor {
    const size = this.patterns.shape[1]!;
    expectFeatures('ContinuousHopfield', x, size, `pass patternSize: ${x.shape.at(-1)}`);
    return reshape(x, [-1, size]);
  }

  #scores(rows: Tensor): Tensor {
    return matmul(rows, this.patterns, { transposeB: true });
  }
}
