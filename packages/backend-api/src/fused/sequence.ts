import type { DeviceBuffer } from '../memory.ts';
import type { FusedOp, MaybeBuffer } from './op.ts';

/**
 * Sizes and flags of a recurrent layer over a whole sequence, in one direction. T steps, N sequences, D features, H
 * hidden units, P outputs (H without a projection), G gates (1 for RNN, 4 for LSTM, 3 for GRU).
 */
export interface SequenceSpec<Variant> {
  /** T */
  readonly steps: number;
  /** N */
  readonly batch: number;
  /** D */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  /**
   * `[N]`, each in 0…T, on the host; null means T for all. Steps at and past a length output 0, leave the state
   * unchanged and get no gradient. A reversed sequence starts at its last valid step.
   */
  readonly lengths: Int32Array | null;
  /** Run from the last step to the first. */
  readonly reverse: boolean;
  /** A backward pass will follow. */
  readonly needsSaved: boolean;
  readonly variant: Variant;
}

/** h' = φ(W_ih x + b_ih + W_hh h + b_hh), Elman (1990). */
export interface RnnVariant {
  readonly activation: 'tanh' | 'relu';
}

/**
 * Gates in the order i, f, g, o: i, f, o = σ(W x + b_ih + U h + b_hh), g = tanh(…), c' = f∘c + i∘g, h' = o∘tanh(c').
 * Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000).
 */
export interface LstmVariant {
  /** Adds p_i∘c and p_f∘c before σ of i and f, and p_o∘c' before σ of o (Gers and Schmidhuber 2000). */
  readonly peepholes: boolean;
  /** f = 1 − i; the forget gate's weights are not used and get a zero gradient (Greff et al. 2017). */
  readonly coupledGates: boolean;
  /** P of h' = W_hr (o∘tanh(c')), 0 for no projection (Sak et al. 2014). */
  readonly projectionSize: number;
}

/** Gates in the order r, z, n (Cho et al. 2014). */
export interface GruVariant {
  /**
   * `after` (PyTorch, cuDNN): n = tanh(W_n x + b_in + r∘(U_n h + b_hn)); `before` (the paper): n = tanh(W_n x + b_in +
   * U_n (r∘h) + b_hn). h' = (1 − z)∘n + z∘h.
   */
  readonly reset: 'after' | 'before';
}

/** Inputs of a recurrent layer. */
export interface SequenceInputs {
  /** `[T, N, D]` */
  readonly x: DeviceBuffer;
  /** `[G·H, D]` */
  readonly weightIh: DeviceBuffer;
  /** `[G·H, P]` */
  readonly weightHh: DeviceBuffer;
  /** `[G·H]`; null is zeros */
  readonly biasIh: MaybeBuffer;
  /** `[G·H]`; null is zeros */
  readonly biasHh: MaybeBuffer;
  /** `[N, P]`; null is zeros */
  readonly h0: MaybeBuffer;
}

/** Outputs of a recurrent layer. */
export interface SequenceOutputs {
  /** `[T, N, P]` */
  readonly output: DeviceBuffer;
  /** `[N, P]`, the state after the last step of each sequence (the first step in reverse) */
  readonly hN: DeviceBuffer;
}

/** Gradients of {@link SequenceOutputs}. Null for an output that was not used; at least one is given. */
export interface SequenceOutputGradients {
  readonly output: MaybeBuffer;
  readonly hN: MaybeBuffer;
}

/** Gradients of {@link SequenceInputs}, each of the shape of its input. */
export interface SequenceInputGradients {
  readonly x: MaybeBuffer;
  readonly weightIh: MaybeBuffer;
  readonly weightHh: MaybeBuffer;
  readonly biasIh: MaybeBuffer;
  readonly biasHh: MaybeBuffer;
  readonly h0: MaybeBuffer;
}

/** Inputs of an LSTM layer. */
export interface LstmInputs extends SequenceInputs {
  /** `[N, H]`; null is zeros */
  readonly c0: MaybeBuffer;
  /** `[P, H]` where the variant projects, else null */
  readonly weightHr: MaybeBuffer;
  /** `[3, H]`: p_i, p_f, p_o where the variant has peepholes, else null */
  readonly peephole: MaybeBuffer;
}

/** Outputs of an LSTM layer. */
export interface LstmOutputs extends SequenceOutputs {
  /** `[N, H]` */
  readonly cN: DeviceBuffer;
}

/** Gradients of {@link LstmOutputs}. */
export interface LstmOutputGradients extends SequenceOutputGradients {
  readonly cN: MaybeBuffer;
}

/** Gradients of {@link LstmInputs}, each of the shape of its input. */
export interface LstmInputGradients extends SequenceInputGradients {
  readonly c0: MaybeBuffer;
  readonly weightHr: MaybeBuffer;
  readonly peephole: MaybeBuffer;
}

/** Sizes and flags of an Elman layer. */
export type RnnSpec = SequenceSpec<RnnVariant>;
/** Sizes and flags of an LSTM layer. */
export type LstmSpec = SequenceSpec<LstmVariant>;
/** Sizes and flags of a GRU layer. */
export type GruSpec = SequenceSpec<GruVariant>;

/** An Elman layer over a whole sequence as a fused operation. */
export type RnnSequenceOp = FusedOp<
  RnnSpec,
  SequenceInputs,
  SequenceOutputs,
  SequenceOutputGradients,
  SequenceInputGradients
>;
/** An LSTM layer over a whole sequence as a fused operation. */
export type LstmSequenceOp = FusedOp<LstmSpec, LstmInputs, LstmOutputs, LstmOutputGradients, LstmInputGradients>;
/** A GRU layer over a whole sequence as a fused operation. */
export type GruSequenceOp = FusedOp<
  GruSpec,
  SequenceInputs,
  SequenceOutputs,
  SequenceOutputGradients,
  SequenceInputGradients
>;
