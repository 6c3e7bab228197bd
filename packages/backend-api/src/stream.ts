import type { MaybeBuffer, Support } from './fused/op.ts';
import type { GruVariant, LstmVariant, RnnVariant } from './fused/sequence.ts';
import type { DeviceBuffer } from './memory.ts';

/** The weights of a recurrent layer of a stream; shapes as in {@link SequenceInputs} and {@link LstmInputs}. */
export interface StreamWeights {
  readonly weightIh: DeviceBuffer;
  readonly weightHh: DeviceBuffer;
  readonly biasIh: MaybeBuffer;
  readonly biasHh: MaybeBuffer;
  /** LSTM only: `[P, H]` where the variant projects, else null */
  readonly weightHr: MaybeBuffer;
  /** LSTM only: `[3, H]` where the variant has peepholes, else null */
  readonly peephole: MaybeBuffer;
}

interface RecurrentStreamLayer<Kind, Variant> {
  readonly kind: Kind;
  /** D */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  readonly variant: Variant;
  readonly weights: StreamWeights;
}

/** y = W x + b, such as the head behind recurrent layers. */
export interface LinearStreamLayer {
  readonly kind: 'linear';
  readonly inputSize: number;
  readonly outputSize: number;
  /** `[outputSize, inputSize]` */
  readonly weight: DeviceBuffer;
  /** `[outputSize]` */
  readonly bias: MaybeBuffer;
}

/** A layer of a stream; the equations are those of the fused sequences. */
export type StreamLayer =
  | RecurrentStreamLayer<'rnn', RnnVariant>
  | RecurrentStreamLayer<'lstm', LstmVariant>
  | RecurrentStreamLayer<'gru', GruVariant>
  | LinearStreamLayer;

/**
 * One sequence that goes through layers step by step (batch 1) and keeps its state between the steps. A step allocates
 * nothing, returns when it is done and is not recorded for gradients.
 */
export interface Stream {
  /** Takes x `[D]` of the first layer and fills the output of the last. Both have exactly these lengths. */
  step(input: Float32Array, output: Float32Array): void;
  /** Floats of the state: layer by layer h `[P]` and, of an LSTM, c `[H]`. Zeros at the start. */
  readonly stateSize: number;
  readState(into: Float32Array): void;
  writeState(from: Float32Array): void;
  /** Frees what it holds. */
  release(): void;
}

/** What a backend whose memory is the host's may offer beside {@link FusedOps}. */
export interface StreamOp {
  supports(layers: readonly StreamLayer[]): Support;
  /**
   * Each layer's input size is the output size of the one before. The weights are copied: later changes are not seen.
   */
  open(layers: readonly StreamLayer[]): Stream;
}
