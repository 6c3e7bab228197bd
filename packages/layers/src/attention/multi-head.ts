import {
  affine,
  and,
  ArgumentError,
  type Backend,
  checkOptions,
  constant,
  dropout,
  full,
  type Generator,
  is,
  linear,
  matmul,
  mean,
  type OptionRules,
  reshape,
  select,
  ShapeError,
  slice,
  softmax,
  tensor,
  type Tensor,
  tidy,
  transpose,
  uniform,
  xavierUniform,
} from '@timestep/core';
import { checkLengths, hidePadding, show } from '@timestep/core/extend';
import { expectSequence } from '../checks.ts';
import { type Lengths, maskSteps } from '../lengths.ts';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import { generatorOrFresh, type LayerOptions, layerRules, lengthsRule } from '../options.ts';
import { Parameter } from '../parameter.ts';
import type { Attended } from './attention.ts';

/** Options of {@link MultiHeadAttention}. */
export interface MultiHeadAttentionOptions extends LayerOptions {
  /** E, of the queries and of the output */
  readonly size: number;
  /** It divides `size`; each head has size/heads features. */
  readonly heads: number;
  /** Features of the keys; `size` by default. */
  readonly keySize?: number | undefined;
  /** Features of the values; `size` by default. */
  readonly valueSize?: number | undefined;
  /** Of all four products; true by default. */
  readonly bias?: boolean | undefined;
  /** Dropout on the attention weights in training; 0 by default. */
  readonly dropout?: number | undefined;
}

/** The call options of {@link MultiHeadAttention}. */
export interface MultiHeadAttentionInput {
  /** `[S, N, keySize]`; the queries by default, which makes it self-attention. */
  readonly keys?: Tensor | undefined;
  /** `[S, N, valueSize]`; the keys by default. */
  readonly values?: Tensor | undefined;
  /** Of the keys: later steps get weight 0. In self-attention context and weights after a length are 0 too. */
  readonly lengths?: Lengths | null | undefined;
  /** Query t sees the keys up to step t alone; false by default. */
  readonly causal?: boolean | undefined;
}

const rules: OptionRules<MultiHeadAttentionOptions> = {
  ...layerRules,
  size: is.size(),
  heads: is.size(),
  keySize: is.optional(is.size()),
  valueSize: is.optional(is.size()),
  bias: is.optional(is.boolean),
  dropout: is.optional(is.probability),
};

const tensorRule = is.optional(is.like('a tensor', 'shape', 'dtype'));
const inputRules: OptionRules<MultiHeadAttentionInput> = {
  keys: tensorRule,
  values: tensorRule,
  lengths: lengthsRule,
  causal: is.optional(is.boolean),
};

/**
 * Multi-head attention (Vaswani et al. 2017), as `torch.nn.MultiheadAttention`: for each head
 * softmax(q kᵀ/√(size/heads)) v with q, k, v = Wq x, Wk keys, Wv values; the heads side by side go through `out_proj`.
 * Queries `[T, N, size]`, keys `[S, N, keySize]`, values `[S, N, valueSize]` → context `[T, N, size]` and weights
 * `[T, N, S]`, the mean over the heads.
 *
 * Parameters, with PyTorch's names: `in_proj_weight [3·size, size]`, or `q_proj_weight`, `k_proj_weight` and
 * `v_proj_weight` where keys or values have a size that differs; `in_proj_bias [3·size]`, `out_proj.weight`,
 * `out_proj.bias`.
 *
 * @throws ArgumentError for an unknown option or a wrong value, or where `heads` does not divide `size`
 * @example
 * ```ts
 * const attention = new MultiHeadAttention({ backend, size: 64, heads: 4 });
 * const { context } = attention.forward(x, { lengths, causal: true }); // self-attention, x: [T, N, 64]
 * const { weights } = attention.forward(queries, { keys: encoded, lengths }); // encoded: [S, N, 64]
 * ```
 */
export class MultiHeadAttention extends Module {
  readonly size: number;
  readonly heads: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly dropout: number;
  readonly generator: Generator;
  in_proj_weight: Parameter | null = null;
  q_proj_weight: Parameter | null = null;
  k_proj_weight: Parameter | null = null;
  v_proj_weight: Parameter | null = null;
  in_proj_bias: Parameter | null = null;
  readonly out_proj: Linear;

  override get typeName(): string {
    return 'MultiHeadAttention';
  }

  constructor(options: MultiHeadAttentionOptions) {
    super();
    checkOptions('MultiHeadAttention', options, rules);
    const { backend, size, heads, keySize = size, valueSize = size, bias = true } = options;
    if (size % heads !== 0)
      throw new ArgumentError(`[MultiHeadAttention] expected heads to divide size ${size}, got ${heads}`);
    this.size = size;
    this.heads = heads;
    this.keySize = keySize;
    this.valueSize = valueSize;
    this.dropout = options.dropout ?? 0;
    this.generator = generatorOrFresh(options.generator);
    const draw = (...shape: number[]) => Parameter.draw(backend, shape, xavierUniform(), this.generator);
    if (keySize === size && valueSize === size) this.in_proj_weight = draw(3 * size, size);
    else {
      this.q_proj_weight = draw(size, size);
      this.k_proj_weight = draw(size, keySize);
      this.v_proj_weight = draw(size, valueSize);
    }
    if (bias) this.in_proj_bias = Parameter.draw(backend, [3 * size], constant(0), this.generator);
    const bound = 1 / Math.sqrt(size);
    this.out_proj = new Linear({
      backend,
      generator: this.generator,
      inputSize: size,
      outputSize: size,
      bias,
      initializer: uniform(-bound, bound),
    });
    this.out_proj.bias?.assign(new Float32Array(size));
  }

  /**
   * @param queries `[T, N, size]`
   * @returns the context `[T, N, size]` and the weights `[T, N, S]`, which sum to 1 over the keys that a query sees
   * @throws ShapeError for tensors that do not fit; ArgumentError for lengths that do not
   */
  forward(queries: Tensor, options: MultiHeadAttentionInput = {}): Attended {
    const where = 'MultiHeadAttention';
    expectSequence(where, queries, this.size);
    checkOptions(where, options, inputRules);
    const keys = options.keys ?? queries;
    const values = options.values ?? keys;
    expectSequence(where, keys, this.keySize);
    expectSequence(where, values, this.valueSize);
    const [steps, batch] = queries.shape as [number, number];
    const source = keys.shape[0]!;
    if (keys.shape[1] !== batch || values.shape[0] !== source || values.shape[1] !== batch)
      throw new ShapeError(
        `[${where}] expected keys and values of the same steps for the ${batch} sequences of the queries, got ${show(keys.shape)} and ${show(values.shape)}`,
      );
    const lengths = checkLengths(where, options.lengths, source, batch);
    const self = keys === queries;
    const { backend } = queries;
    return tidy(backend, () => {
      const hidden = hidePadding(keys, lengths);
      const [q, k, v] = [self ? hidden : queries, hidden, values === keys ? hidden : hidePadding(values, lengths)].map(
        (x, part) => this.#split(this.#project(x, part)),
      ) as [Tensor, Tensor, Tensor];
      const scores = affine(matmul(q, k, { transposeB: true }), 1 / Math.sqrt(this.size / this.heads));
      const mask = maskOf(backend, steps, source, batch, lengths, options.causal ?? false);
      // A finite sentinel, and no weight at all where a query sees no key: a softmax over nothing would be NaN.
      const weights = mask
        ? select(mask, softmax(select(mask, scores, full(backend, [], -1e30))), full(backend, [], 0))
        : softmax(scores);
      const kept = this.inTraining && this.dropout > 0 ? dropout(weights, this.dropout, this.generator) : weights;
      const mixed = reshape(transpose(matmul(kept, v), [2, 0, 1, 3]), [steps, batch, this.size]);
      const own = self ? lengths : null;
      return {
        context: maskSteps(this.out_proj.forward(mixed), own),
        weights: maskSteps(transpose(mean(weights, 1), [1, 0, 2]), own),
      };
    });
  }

  /** The queries (0), keys (1) or values (2) of all heads: `[S, N, …]` → `[S, N, size]`. */
  #project(x: Tensor, part: number): Tensor {
    const rows = (all: Tensor): Tensor => slice(all, 0, part * this.size, (part + 1) * this.size);
    const own = [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight][part];
    // One of the two forms is there.
    const weight = own ?? rows(this.in_proj_weight!);
    return linear(x, weight, this.in_proj_bias && rows(this.in_proj_bias));
  }

  /** `[S, N, size]` → `[N, heads, S, size/heads]` */
  #split(x: Tensor): Tensor {
    const [steps, batch] = x.shape as [number, number];
    return transpose(reshape(x, [steps, batch, this.heads, this.size / this.heads]), [1, 2, 0, 3]);
  }
}

/** u32, 1 where a query sees a key, broadcast over `[N, heads, T, S]`; null where each sees all. */
function maskOf(
  backend: Backend,
  steps: number,
  source: number,
  batch: number,
  lengths: Int32Array | null,
  causal: boolean,
): Tensor | null {
  const counted =
    lengths &&
    tensor(
      backend,
      Uint32Array.from({ length: batch * source }, (_, k) => (k % source < lengths[Math.floor(k / source)]! ? 1 : 0)),
      { shape: [batch, 1, 1, source] },
    );
  if (!causal) return counted;
  const past = tensor(
    backend,
    Uint32Array.from({ length: steps * source }, (_, k) => (k % source <= Math.floor(k / source) ? 1 : 0)),
    { shape: [1, 1, steps, source] },
  );
  return counted ? and(counted, past) : past;
}
