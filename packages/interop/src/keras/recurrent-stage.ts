import { add, affine, concat, multiply, slice, unstack, type Tensor } from '@timestep/core';
import { Module, type GRU, type LengthsOption, type LSTM, type RNN } from '@timestep/layers';

export type MergeMode = 'concat' | 'sum' | 'ave' | 'mul';

const merges: Readonly<Record<MergeMode, (a: Tensor, b: Tensor) => Tensor>> = {
  concat: (a, b) => concat([a, b], -1),
  sum: add,
  ave: (a, b) => affine(add(a, b), 0.5),
  mul: multiply,
};

export function isMergeMode(mode: string | null): mode is MergeMode {
  return mode !== null && Object.hasOwn(merges, mode);
}

/** A recurrent layer as Keras uses it: every step or the last one, and both directions merged in one of four ways. */
export class KerasRecurrent extends Module {
  readonly layer: LSTM | GRU | RNN;
  readonly returnSequences: boolean;
  readonly mergeMode: MergeMode;

  constructor(layer: LSTM | GRU | RNN, returnSequences: boolean, mergeMode: MergeMode) {
    super();
    this.layer = layer;
    this.returnSequences = returnSequences;
    this.mergeMode = mergeMode;
  }

  /** x `[T, N, D]` → `[T, N, P]`, or `[N, P]` of the last step in each direction's own order. */
  forward(x: Tensor, options: LengthsOption = {}): Tensor {
    const { output, state } = this.layer.forward(x, options);
    const merge = merges[this.mergeMode];
    if (!this.returnSequences) {
      const [first, second] = unstack(state.h) as [Tensor, Tensor?];
      return second ? merge(first, second) : first;
    }
    if (!this.layer.bidirectional || this.mergeMode === 'concat') return output;
    const { hiddenSize } = this.layer;
    return merge(slice(output, -1, 0, hiddenSize), slice(output, -1, hiddenSize));
  }
}
