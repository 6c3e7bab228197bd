import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import type { DataSource } from '../data/data-source.ts';
import { epochData } from '../data/epoch-data.ts';

/** Options of {@link windowData}. */
export interface WindowDataOptions {
  /** T: the number of steps that gradients go back. */
  readonly steps: number;
  /** N: the number of parallel streams that the sequence is cut into. */
  readonly batch: number;
  /** Passes over the sequence; without end by default. */
  readonly epochs?: number | undefined;
}

const rules: OptionRules<WindowDataOptions> = {
  steps: is.size(),
  batch: is.size(),
  epochs: is.optional(is.anyOf(is.size(0), is.oneOf(Infinity))),
};

/** A window on each stream. */
export interface TokenWindow {
  readonly shape: readonly [steps: number, batch: number];
  /** `[T, N]` */
  readonly inputs: Int32Array;
  /** `[T, N]`: the token after each input. */
  readonly targets: Int32Array;
  /** Whether this is the first window of an epoch, which must not use the state of the previous window. */
  readonly first: boolean;
}

/**
 * Cuts one long sequence of tokens into windows for truncated backpropagation through time (Williams and Peng 1990).
 * Each batch continues where the previous one ended, so the state can be carried over while gradients stay within a
 * batch. Tokens at the end that do not fill a window are dropped.
 *
 * ```ts
 * const loss = (model, { inputs, targets, shape, first }, { carried }) => {
 *   const { output, state } = model.lstm.forward(embed(inputs), { state: first ? null : carried });
 *   return { loss: crossEntropyLoss(model.head.forward(output), labels(targets)), state };
 * };
 * const trainer = new Trainer({ model, loss, optimizer, data: windowData(tokens, { steps: 64, batch: 32 }) });
 * ```
 *
 * @throws ArgumentError where the sequence is too short for one window
 */
export function windowData(tokens: ArrayLike<number>, options: WindowDataOptions): DataSource<TokenWindow> {
  checkValue('windowData', 'tokens', tokens, is.like('an array of tokens', 'length'));
  checkOptions('windowData', options, rules);
  const { steps, batch, epochs } = options;
  const stream = Math.floor((tokens.length - 1) / batch);
  const windows = Math.floor(stream / steps);
  if (windows < 1)
    throw new ArgumentError(
      `[windowData] expected at least ${steps * batch + 1} tokens for one window of ${steps} steps on ${batch} streams, got ${tokens.length}; pass fewer steps or a smaller batch`,
    );
  const order = Array.from({ length: windows }, (_, index) => [index]);
  const make = ([index]: readonly number[]): TokenWindow => {
    const at = (t: number, n: number): number => n * stream + index! * steps + t;
    const pick = (shift: number): Int32Array =>
      Int32Array.from({ length: steps * batch }, (_, i) => tokens[at(Math.floor(i / batch) + shift, i % batch)]!);
    return { shape: [steps, batch], inputs: pick(0), targets: pick(1), first: index === 0 };
  };
  return epochData(() => order, make, { seed: 0, epochs });
}
