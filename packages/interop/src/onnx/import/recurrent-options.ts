import { unstack, type Tensor } from '@timestep/core';
import type { OnnxNode } from './node.ts';
import type { Call } from './operator.ts';
import { show } from './value.ts';

export type RecurrentType = 'LSTM' | 'GRU' | 'RNN';

export const gateCounts = { LSTM: 4, GRU: 3, RNN: 1 } as const;

/** Whether each direction runs from the end; null for an unknown direction. */
export function directionsOf(node: OnnxNode): readonly boolean[] | null {
  switch (node.text('direction', 'forward')) {
    case 'forward':
      return [false];
    case 'reverse':
      return [true];
    case 'bidirectional':
      return [false, true];
    default:
      return null;
  }
}

/** The inputs of a recurrent operator other than x and its weights. */
export interface RecurrentLayout {
  readonly directions: number;
  readonly reversed: readonly boolean[];
  /** x is `[N, T, D]`. */
  readonly batchFirst: boolean;
  readonly lengths: readonly number[] | null;
  /** h and, for an LSTM, c, of each direction; null for zeros. */
  readonly initial: readonly (readonly Tensor[] | null)[];
}

export function recurrentLayout(call: Call, type: RecurrentType): RecurrentLayout {
  const reversed = directionsOf(call.node);
  call.ensure(reversed !== null, () => `has the direction '${call.node.text('direction', '')}'`);
  const x = call.value(0);
  call.rank(x, 3, 'an input');
  const batchFirst = call.node.int('layout', 0) === 1;
  const [steps, batch] = batchFirst ? [x.shape[1]!, x.shape[0]!] : [x.shape[0]!, x.shape[1]!];
  const lengths = call.numbers(4, 'sequence_lens') ?? null;
  call.ensure(
    !lengths || (lengths.length === batch && lengths.every((length) => length >= 0 && length <= steps)),
    () => `has the sequence_lens ${show(lengths!)} for ${batch} sequences of ${steps} steps`,
  );
  const initial = (type === 'LSTM' ? [5, 6] : [5]).map((k) => {
    const value = call.optionalTensor(k);
    if (!value) return null;
    call.ensure(
      value.rank === 3 &&
        value.shape[batchFirst ? 0 : 1] === batch &&
        value.shape[batchFirst ? 1 : 0] === reversed.length,
      () =>
        `has an initial state of shape ${show(value.shape)} for ${batch} sequences and ${reversed.length} directions`,
    );
    return unstack(value, batchFirst ? 1 : 0);
  });
  return { directions: reversed.length, reversed, batchFirst, lengths, initial };
}
