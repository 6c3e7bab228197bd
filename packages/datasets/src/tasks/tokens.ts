import { ArgumentError } from '@timestep/core';
import type { SequenceBatch } from '../batching/sequence-batch.ts';

/** Sequences of symbols side by side, time first. */
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
 * Symbols as vectors: `[T, N]` → `[T, N, symbols]`, 1 at the symbol and 0 elsewhere; all 0 past a sequence's length.
 *
 * @throws ArgumentError for a token that is no symbol
 */
export function oneHot({ tokens, shape: [steps, batch], lengths, symbols }: TokenBatch): SequenceBatch {
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
