import { expectTensor } from '../checks.ts';
import {
  full,
  checkOptions,
  is,
  matmul,
  type OptionRules,
  select,
  ShapeError,
  softmax,
  tensor,
  type Tensor,
  tidy,
  transpose,
} from '@timestep/core';
import { checkLengths, hidePadding, show } from '@timestep/core/extend';
import type { Lengths } from '../lengths.ts';
import { Module } from '../module.ts';

/** The outputs of an encoder, prepared once for all steps of a decoder. */
export interface Memory {
  /** `[N, S, K]`, the vectors that a context is a weighted sum of */
  readonly values: Tensor;
  /** `[N, S, …]`, the vectors that queries are compared with */
  readonly keys: Tensor;
  /** u32 `[N, 1, S]`, 1 where a step of the source counts; null where all do */
  readonly mask: Tensor | null;
}

/** The result of attention: the context and where it comes from. */
export interface Attended {
  /** `[T, N, K]`, the weighted sums of the values */
  readonly context: Tensor;
  /** `[T, N, S]`, the attention weights; they sum to 1 over the valid steps of the source */
  readonly weights: Tensor;
}

const memoryRules: OptionRules<Memory> = {
  values: is.like('a tensor', 'shape', 'dtype'),
  keys: is.like('a tensor', 'shape', 'dtype'),
  mask: is.nullable(is.like('a tensor', 'shape', 'dtype')),
};

/**
 * The base class of attention: a score for every pair of decoder and encoder steps, then a softmax over the encoder
 * steps.
 *
 * @throws ShapeError or DTypeError for tensors that do not fit
 * @example
 * ```ts
 * const attention = new LuongAttention({ backend, querySize: 32, valueSize: 32 });
 * const memory = attention.remember(encoded, lengths); // encoded: [S, N, 32]
 * const { context, weights } = attention.forward(queries, memory); // queries: [T, N, 32]
 * ```
 */
export abstract class Attention extends Module {
  /** Computes the part of the keys that no query affects: `[N, S, K]` → `[N, S, …]`. */
  protected abstract prepare(values: Tensor): Tensor;

  /** queries `[N, T, Q]`, keys as prepared → `[N, T, S]` */
  protected abstract scores(queries: Tensor, keys: Tensor): Tensor;

  /**
   * Prepares the outputs of an encoder.
   *
   * @param outputs `[S, N, K]`
   * @param lengths `[N]`; later steps get weight 0
   */
  remember(outputs: Tensor, lengths: Lengths | null = null): Memory {
    expectTensor(this.typeName, outputs, 'outputs');
    if (outputs.rank !== 3)
      throw new ShapeError(`[${this.typeName}] expected outputs of shape [S, N, K], got ${show(outputs.shape)}`);
    const [steps, batch] = outputs.shape as [number, number];
    const counted = checkLengths(this.typeName, lengths, steps, batch);
    const { backend } = outputs;
    return tidy(backend, () => {
      // A share of 0 would not keep a NaN out of the mixture.
      const values = transpose(hidePadding(outputs, counted), [1, 0, 2]);
      const counts =
        counted &&
        Uint32Array.from({ length: batch * steps }, (_, k) => (k % steps < counted[Math.floor(k / steps)]! ? 1 : 0));
      return {
        values,
        keys: this.prepare(values),
        mask: counts && tensor(backend, counts, { shape: [batch, 1, steps] }),
      };
    });
  }

  /** @param queries `[T, N, Q]` */
  forward(queries: Tensor, memory: Memory): Attended {
    expectTensor(this.typeName, queries, 'queries');
    checkOptions(this.typeName, memory, memoryRules);
    const { values, keys, mask } = memory;
    const { backend } = queries;
    return tidy(backend, () => {
      const scores = this.scores(transpose(queries, [1, 0, 2]), keys);
      // A finite sentinel: WebGPU may take infinities for impossible. A source of no steps gets no weights at all.
      const weights = mask
        ? select(mask, softmax(select(mask, scores, full(backend, [], -1e30))), full(backend, [], 0))
        : softmax(scores);
      return { context: transpose(matmul(weights, values), [1, 0, 2]), weights: transpose(weights, [1, 0, 2]) };
    });
  }
}
