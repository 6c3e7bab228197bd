import { ArgumentError, checkValue, is } from '@timestep/core';
import type { SequenceBatch } from '../batching/sequence-batch.ts';

/** A batch of symbol sequences, time first. */
export interface TokenBatch {
  /** `[T, N]`, each 0 … symbols − 1; 0 past a sequence's length */
  readonly tokens: Int32Array;
  readonly shape: readonly [steps: number, batch: number];
  /** `[N]` */
  readonly lengths: Int32Array;
  /** The number of symbols */
  readonly symbols: number;
}

/**
 * Encodes symbols as one-hot vectors: `[T, N]` → `[T, N, symbols]`, 1 at the symbol and 0 elsewhere. Past the length of
 * a sequence, all elements are 0.
 *
 * @throws ArgumentError for a token outside 0 … symbols − 1
 * @example
 * const { data, shape } = oneHot(embeddedReber(32, new Generator(1)));    // shape [T, 32, 7]
 */
export function oneHot(tokenBatch: TokenBatch): SequenceBatch {
  checkTokenBatch('oneHot', tokenBatch);
  const {
    tokens,
    shape: [steps, batch],
    lengths,
    symbols,
  } = tokenBatch;
  const data = new Float32Array(steps * batch * symbols);
  for (let t = 0; t < steps; t++) {
    for (let n = 0; n < batch; n++) {
      if (t >= lengths[n]!) continue;
      const token = tokens[t * batch + n]!;
      if (token < 0 || token >= symbols)
        throw new ArgumentError(
          `[oneHot] expected tokens of 0…${symbols - 1}, got ${token} at step ${t} of sequence ${n}`,
        );
      data[(t * batch + n) * symbols + token] = 1;
    }
  }
  return { data, shape: [steps, batch, symbols], lengths };
}

/** @throws ArgumentError if the parts of a batch do not match */
export function checkTokenBatch(where: string, batch: TokenBatch): void {
  checkValue(where, 'batch', batch, is.like('a batch of tokens', 'tokens', 'shape', 'lengths', 'symbols'));
  checkValue(where, 'batch.shape', batch.shape, is.arrayOf(is.integer(0), 'a shape [T, N]'));
  checkValue(where, 'batch.tokens', batch.tokens, is.instanceOf(Int32Array));
  checkValue(where, 'batch.lengths', batch.lengths, is.instanceOf(Int32Array));
  checkValue(where, 'batch.symbols', batch.symbols, is.size());
  const [steps, count] = batch.shape;
  if (batch.tokens.length !== steps * count || batch.lengths.length !== count) {
    throw new ArgumentError(
      `[${where}] expected ${steps}·${count} tokens and ${count} lengths by the shape, got ${batch.tokens.length} and ${batch.lengths.length}`,
    );
  }
}
