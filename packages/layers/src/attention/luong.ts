import { checkOptions, is, linear, matmul, type OptionRules, ShapeError, type Tensor, uniform } from '@timestep/core';
import { generatorOrFresh, type LayerOptions, layerRules } from '../options.ts';
import { Parameter } from '../parameter.ts';
import { Attention } from './attention.ts';

/** Options of {@link LuongAttention}. */
export interface LuongAttentionOptions extends LayerOptions {
  /** Q */
  readonly querySize: number;
  /** K */
  readonly valueSize: number;
  /** `general` (default): qᵀ W k; `dot`: qᵀ k, with Q = K */
  readonly score?: 'general' | 'dot' | undefined;
}

const rules: OptionRules<LuongAttentionOptions> = {
  ...layerRules,
  querySize: is.size(),
  valueSize: is.size(),
  score: is.optional(is.oneOf('general', 'dot')),
};

/**
 * Multiplicative attention (Luong, Pham and Manning 2015, equation 8): e = qᵀ W k, or qᵀ k; α = softmax(e), context =
 * Σ α k. All queries of a sequence are answered by one product. Parameter of the general score: `weight_key [Q, K]`,
 * from uniform ±1/√K.
 *
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError for a dot product of different sizes
 * @example
 * ```ts
 * const attention = new LuongAttention({ backend, querySize: 32, valueSize: 64 });
 * const memory = attention.remember(encoded, lengths); // encoded: [S, N, 64]
 * const { context } = attention.forward(queries, memory); // queries: [T, N, 32], context: [T, N, 64]
 * ```
 */
export class LuongAttention extends Attention {
  weight_key: Parameter | null;

  override get typeName(): string {
    return 'LuongAttention';
  }

  constructor(options: LuongAttentionOptions) {
    super();
    checkOptions('LuongAttention', options, rules);
    const { backend, score = 'general' } = options;
    const [querySize, valueSize] = [options.querySize, options.valueSize];
    if (score === 'dot' && querySize !== valueSize)
      throw new ShapeError(
        `[LuongAttention] score: 'dot' needs querySize and valueSize to be equal, got ${querySize} and ${valueSize}; use score: 'general'`,
      );
    const bound = 1 / Math.sqrt(valueSize);
    const shape = [querySize, valueSize];
    this.weight_key =
      score === 'general'
        ? Parameter.draw(backend, shape, uniform(-bound, bound), generatorOrFresh(options.generator))
        : null;
  }

  protected prepare(values: Tensor): Tensor {
    return this.weight_key ? linear(values, this.weight_key) : values;
  }

  protected scores(queries: Tensor, keys: Tensor): Tensor {
    return matmul(queries, keys, { transposeB: true });
  }
}
