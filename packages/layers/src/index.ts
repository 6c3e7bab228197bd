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
export { AdaptiveSoftmax, type AdaptiveSoftmaxOptions } from './adaptive-softmax.ts';
export { Attention, type Attended, type Memory } from './attention/attention.ts';
export { BahdanauAttention, type BahdanauAttentionOptions } from './attention/bahdanau.ts';
export {
  MultiHeadAttention,
  type MultiHeadAttentionInput,
  type MultiHeadAttentionOptions,
} from './attention/multi-head.ts';
export { LuongAttention, type LuongAttentionOptions } from './attention/luong.ts';
export { BatchNorm, type BatchNormOptions } from './batch-norm.ts';
export { Conv1d, type Conv1dOptions } from './conv1d.ts';
export { Conv2d, type Conv2dOptions } from './image/conv2d.ts';
export type { Pair } from './image/pair.ts';
export { Dropout, type DropoutOptions } from './dropout.ts';
export { Embedding, type EmbeddingOptions } from './embedding.ts';
export { LayerNorm, type LayerNormOptions } from './layer-norm.ts';
export { ContinuousHopfield, type ContinuousHopfieldOptions } from './memory/continuous-hopfield.ts';
export type { LevelReport } from './memory/compressor-level.ts';
export { HistoryCompressor, type HistoryCompressorOptions } from './memory/history-compressor.ts';
export { HopfieldNetwork, type Recall, type RecallOptions, type Spins } from './memory/hopfield.ts';
export { maskSteps, type Lengths, type LengthsOption } from './lengths.ts';
export { Linear, type LinearOptions } from './linear.ts';
export { type BeamOptions, type ScoredHypothesis, beamDecode, beamSearch } from './models/beam-decode.ts';
export { createStream, FeatureStream } from './models/create-stream.ts';
export {
  EncoderDecoder,
  type Decoded,
  type DecodeOptions,
  type DecoderState,
  type EncoderDecoderOptions,
  type Source,
} from './models/encoder-decoder.ts';
export { type GenerateOptions, type NextSymbolModel, generate } from './models/generate.ts';
export { greedyDecode, greedySearch, type GreedyOptions, type Hypothesis } from './models/greedy-decode.ts';
export { LanguageModel, type LanguageModelOptions } from './models/language-model.ts';
export { ManyToMany, type ManyToManyOptions } from './models/many-to-many.ts';
export { ManyToOne, type ManyToOneOptions } from './models/many-to-one.ts';
export { OneToMany, type OneToManyOptions } from './models/one-to-many.ts';
export { rowsOf, type StepDecoder } from './models/step-decoder.ts';
export { OneToOne, type OneToOneOptions } from './models/one-to-one.ts';
export { GlobalAvgPool1d, GlobalAvgPool2d, GlobalMaxPool1d, GlobalMaxPool2d } from './pooling/global-pool.ts';
export { AvgPool1d, type AvgPool1dOptions, MaxPool1d, type Pool1dOptions } from './pooling/pool1d.ts';
export { AvgPool2d, type AvgPool2dOptions, MaxPool2d, type Pool2dOptions } from './pooling/pool2d.ts';
export { sampleSymbol, type SampleOptions } from './models/sample.ts';
export { type SequenceModel, type StreamOptions, stream } from './models/stream.ts';
export { inEvalMode } from './modes.ts';
export { Module, type Slot, type TensorSlot } from './module.ts';
export type { FusedLayerOptions, LayerOptions } from './options.ts';
export { Parameter, type GateInitializer } from './parameter.ts';
export { Cell, type SequenceOptions } from './recurrent/cell.ts';
export { GatedCell, type GatedCellOptions } from './recurrent/gated-cell.ts';
export { ConvLSTM, ConvLSTMCell, type ConvLSTMCellOptions, type ConvLSTMOptions } from './recurrent/conv-lstm.ts';
export { FiniteImpulse, type FiniteImpulseOptions } from './recurrent/finite-impulse.ts';
export { FiniteImpulseCell, type FiniteImpulseCellOptions, type TapState } from './recurrent/finite-impulse-cell.ts';
export {
  FullyRecurrent,
  FullyRecurrentCell,
  type FullyRecurrentCellOptions,
  type FullyRecurrentOptions,
} from './recurrent/fully-recurrent.ts';
export { GRU, type GRUOptions } from './recurrent/gru.ts';
export { GRUCell, type GRUCellOptions } from './recurrent/gru-cell.ts';
export { IndRNN, IndRNNCell, type IndRNNCellOptions, type IndRNNOptions } from './recurrent/independent-rnn.ts';
export {
  type Activation,
  Jordan,
  JordanCell,
  type JordanCellOptions,
  type JordanOptions,
  type JordanState,
} from './recurrent/jordan.ts';
export { LSTM, type LSTMOptions } from './recurrent/lstm.ts';
export { LSTMCell, type LSTMCellOptions, type LSTMState } from './recurrent/lstm-cell.ts';
export { MinGRU, MinGRUCell, type MinGRUCellOptions, type MinGRUOptions } from './recurrent/min-gru.ts';
export { MinLSTM, MinLSTMCell, type MinLSTMCellOptions, type MinLSTMOptions } from './recurrent/min-lstm.ts';
export { MGU, MGUCell, type MGUOptions } from './recurrent/minimal-gated-unit.ts';
export { ProjectedCell } from './recurrent/projected-cell.ts';
export { Recurrent, type RecurrentInput, type RecurrentOptions, type StackOptions } from './recurrent/recurrent.ts';
export { RNN, type RNNOptions } from './recurrent/rnn.ts';
export { type HiddenState, RNNCell, type RNNCellOptions } from './recurrent/rnn-cell.ts';
export { ScanCell } from './recurrent/scan-cell.ts';
export type { Recurrence } from './scoped.ts';
export { Sequential, type Stage, type StageModule } from './sequential.ts';
export type {
  HostTensor,
  LoadableStateDict,
  LoadableTensor,
  LoadOptions,
  LoadReport,
  StateDict,
} from './state-dict.ts';
export { CRF, type CRFOptions } from './tagging/crf.ts';
export type { TagPath } from './tagging/viterbi.ts';
