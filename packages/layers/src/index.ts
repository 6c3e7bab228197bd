export {
  constant,
  type Initializer,
  kaimingNormal,
  kaimingUniform,
  normal,
  orthogonal,
  uniform,
  xavierNormal,
  xavierUniform,
} from '@timestep/core';
export { Attention, type Attended, type Memory } from './attention/attention.ts';
export * from './attention/bahdanau.ts';
export * from './attention/luong.ts';
export * from './conv1d.ts';
export { Dropout, type DropoutOptions } from './dropout.ts';
export * from './embedding.ts';
export * from './layer-norm.ts';
export * from './memory/continuous-hopfield.ts';
export type { LevelReport } from './memory/compressor-level.ts';
export * from './memory/history-compressor.ts';
export * from './memory/hopfield.ts';
export { maskSteps, type Lengths, type LengthsOption } from './lengths.ts';
export * from './linear.ts';
export * from './models/beam-decode.ts';
export { createStream, FeatureStream } from './models/create-stream.ts';
export {
  EncoderDecoder,
  type Decoded,
  type DecodeOptions,
  type DecoderState,
  type EncoderDecoderOptions,
  type Source,
} from './models/encoder-decoder.ts';
export * from './models/generate.ts';
export { greedyDecode, type GreedyOptions, type Hypothesis } from './models/greedy-decode.ts';
export * from './models/language-model.ts';
export * from './models/many-to-many.ts';
export * from './models/many-to-one.ts';
export * from './models/one-to-many.ts';
export * from './models/one-to-one.ts';
export { sampleSymbol, type SampleOptions } from './models/sample.ts';
export * from './models/stream.ts';
export { inEvalMode } from './modes.ts';
export * from './module.ts';
export type { FusedLayerOptions, LayerOptions } from './options.ts';
export { Parameter, type GateInitializer } from './parameter.ts';
export { Cell, type SequenceOptions } from './recurrent/cell.ts';
export { GatedCell, type GatedCellOptions } from './recurrent/gated-cell.ts';
export * from './recurrent/conv-lstm.ts';
export * from './recurrent/finite-impulse.ts';
export { FiniteImpulseCell, type FiniteImpulseCellOptions, type TapState } from './recurrent/finite-impulse-cell.ts';
export * from './recurrent/fully-recurrent.ts';
export * from './recurrent/gru.ts';
export { GRUCell, type GRUCellOptions } from './recurrent/gru-cell.ts';
export * from './recurrent/independent-rnn.ts';
export * from './recurrent/jordan.ts';
export * from './recurrent/lstm.ts';
export { LSTMCell, type LSTMCellOptions, type LstmState } from './recurrent/lstm-cell.ts';
export * from './recurrent/min-gru.ts';
export * from './recurrent/min-lstm.ts';
export * from './recurrent/minimal-gated-unit.ts';
export { ProjectedCell } from './recurrent/projected-cell.ts';
export { Recurrent, type RecurrentInput, type RecurrentOptions, type StackOptions } from './recurrent/recurrent.ts';
export * from './recurrent/rnn.ts';
export { type HiddenState, RNNCell, type RNNCellOptions } from './recurrent/rnn-cell.ts';
export { ScanCell } from './recurrent/scan-cell.ts';
export type { Recurrence } from './scoped.ts';
export * from './sequential.ts';
export type { Slot, TensorSlot } from './slots.ts';
export type {
  HostTensor,
  LoadableStateDict,
  LoadableTensor,
  LoadOptions,
  LoadReport,
  StateDict,
} from './state-dict.ts';
