import type { MaybeBuffer, Support } from './fused/op.ts';
import type { GruVariant, LstmVariant, RnnVariant } from './fused/sequence.ts';
import type { DeviceBuffer } from './memory.ts';

/** Weights of a recurrent layer of a stream; shapes as in `SequenceInputs` and `LstmInputs`. */
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

/** A layer y = W x + b, such as the output layer after recurrent layers. */
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
 * Runs one sequence (batch 1) through layers step by step and keeps the state between steps. A step allocates nothing,
 * returns when it is done and records no gradients.
 */
export interface Stream {
  /** Reads x `[D]` of the first layer and fills `output` of the last layer. Both must have exactly these lengths. */
  step(input: Float32Array, output: Float32Array): void;
  /** Floats of the state: layer by layer h `[P]` and, of an LSTM, c `[H]`. Zeros at the start. */
  readonly stateSize: number;
  readState(into: Float32Array): void;
  writeState(from: Float32Array): void;
  /** Frees the memory of the stream. */
  release(): void;
}

/** An optional operation of backends that compute in host memory. */
export interface StreamOp {
  supports(layers: readonly StreamLayer[]): Support;
  /**
   * Opens a stream. The input size of each layer is the output size of the layer before it. The weights are copied;
   * later changes have no effect.
   */
  open(layers: readonly StreamLayer[]): Stream;
}
