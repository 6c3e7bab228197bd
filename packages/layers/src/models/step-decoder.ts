import { checkValue, gatherRows, is, reshape, type Tensor, tensor, transpose } from '@timestep/core';

/** A model that writes a symbol at a time: what {@link beamSearch} and {@link greedySearch} need of it. */
export interface StepDecoder<State> {
  /** The symbol before the first. */
  readonly start: number;
  /** The symbol after the last. */
  readonly end: number;
  /** V: symbols are 0 … V − 1 */
  readonly targetSymbols: number;
  /**
   * Computes one step: from the previous symbols, i32 `[N]`, to the logits of the next, `[N, V]`, the attention weights
   * `[N, S]`, if there are any, and the new state.
   */
  step(
    tokens: Tensor,
    state: State,
  ): { readonly logits: Tensor; readonly weights: Tensor | null; readonly state: State };
  /** Returns the state of some rows of the batch, in this order; a row may come several times. */
  selectRows(state: State, rows: readonly number[]): State;
}

export const stepDecoderRule = is.like(
  'a decoder with step and selectRows',
  'step',
  'selectRows',
  'start',
  'end',
  'targetSymbols',
);

/**
 * Selects rows of x along an axis, in the given order: what {@link StepDecoder.selectRows} does with each tensor of a state.
 *
 * @param x of rank 2 or more
 * @param rows indices along the axis; one may come several times
 * @param axis 0 by default
 * @returns a tensor of x's shape, but with `rows.length` along the axis
 * @throws ArgumentError for an index out of range
 * @example
 * ```ts
 * const h = rowsOf(state.h, [0, 0, 2], 1); // [1, N, H] → [1, 3, H]
 * ```
 */
export function rowsOf(x: Tensor, rows: readonly number[], axis: 0 | 1 = 0): Tensor {
  checkValue('rowsOf', 'x', x, is.like('a tensor', 'shape', 'dtype', 'backend'));
  checkValue('rowsOf', 'rows', rows, is.arrayOf(is.integer(0), 'an array of indices'));
  checkValue('rowsOf', 'axis', axis, is.oneOf(0, 1));
  const index = tensor(x.backend, Int32Array.from(rows));
  if (axis === 0) {
    const flat = gatherRows(reshape(x, [x.shape[0]!, -1]), index);
    return reshape(flat, [rows.length, ...x.shape.slice(1)]);
  }
  const swapped = [1, 0, ...x.shape.slice(2).map((_, k) => k + 2)];
  return transpose(rowsOf(transpose(x, swapped), rows), swapped);
}
