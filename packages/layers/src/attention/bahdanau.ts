import {
  add,
  checkOptions,
  is,
  linear,
  matmul,
  type OptionRules,
  reshape,
  tanh,
  type Tensor,
  uniform,
} from '@timestep/core';
import { generatorOrFresh, type LayerOptions, layerRules } from '../options.ts';
import { Parameter } from '../parameter.ts';
import { Attention } from './attention.ts';

/** Options of {@link BahdanauAttention}. */
export interface BahdanauAttentionOptions extends LayerOptions {
  /** Q */
  readonly querySize: number;
  /** K */
  readonly valueSize: number;
  /** A, of the hidden layer that compares them */
  readonly attentionSize: number;
}

const rules: OptionRules<BahdanauAttentionOptions> = {
  ...layerRules,
  querySize: is.size(),
  valueSize: is.size(),
  attentionSize: is.size(),
};

/**
 * Additive attention (Bahdanau, Cho and Bengio 2015, section A.1.2): e = vᵀ tanh(W_q q + W_k k), α = softmax(e),
 * context = Σ α k. Parameters: `weight_query [A, Q]`, `weight_key [A, K]`, `weight_score [A]`, from uniform ±1/√A.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const attention = new BahdanauAttention({ backend, querySize: 32, valueSize: 64, attentionSize: 32 });
 * const memory = attention.remember(encoded, lengths); // encoded: [S, N, 64]
 * const { context } = attention.forward(queries, memory); // queries: [T, N, 32], context: [T, N, 64]
 * ```
 */
export class BahdanauAttention extends Attention {
  weight_query: Parameter;
  weight_key: Parameter;
  weight_score: Parameter;

  override get typeName(): string {
    return 'BahdanauAttention';
  }

  constructor(options: BahdanauAttentionOptions) {
    super();
    checkOptions('BahdanauAttention', options, rules);
    const size = options.attentionSize;
    const generator = generatorOrFresh(options.generator);
    const bound = 1 / Math.sqrt(size);
    const draw = (...shape: number[]) => Parameter.draw(options.backend, shape, uniform(-bound, bound), generator);
    this.weight_query = draw(size, options.querySize);
    this.weight_key = draw(size, options.valueSize);
    this.weight_score = draw(size);
  }

  protected prepare(values: Tensor): Tensor {
    return linear(values, this.weight_key);
  }

  protected scores(queries: Tensor, keys: Tensor): Tensor {
    const [batch, steps] = queries.shape as [number, number];
    const size = this.weight_score.size;
    const projected = reshape(linear(queries, this.weight_query), [batch, steps, 1, size]);
    const compared = tanh(add(projected, reshape(keys, [batch, 1, keys.shape[1]!, size])));
    return reshape(matmul(compared, reshape(this.weight_score, [size, 1])), [batch, steps, keys.shape[1]!]);
  }
}
