export { deEmphasize, griffinLim, type GriffinLimOptions, magnitudesOfLogMel } from './audio/griffin-lim.ts';
export { type ComplexSpectrogram, inverseShortTimeFourier, shortTimeFourier, type StftOptions } from './audio/stft.ts';
export {
  createLogMel,
  frameCount,
  hannWindow,
  type LogMel,
  type LogMelOptions,
  type LogMelVariation,
} from './audio/log-mel.ts';
export { type FilterBank, hertzToMel, melFilterBank, type MelOptions, melToHertz } from './audio/mel.ts';
export { type CepstraOptions, type DeltaOptions, deltas, joinFeatures, toCepstra } from './audio/mfcc.ts';
export { createResampler, resample, type ResampleOptions } from './audio/resample.ts';
export { encodeWav, type EncodeWavOptions } from './audio/encode-wav.ts';
export { readWav, type ReadWavOptions, type Waveform } from './audio/wav.ts';
export { maskFrequency, type MaskOptions, maskTime } from './augment/mask.ts';
export { addNoise, changeGain, makeNoise, type NoiseColor, rootMeanSquare } from './augment/noise.ts';
export { convolve, createConvolver, roomImpulse, type RoomOptions } from './augment/room.ts';
export { changePitch, changeSpeed, changeTempo } from './augment/speed.ts';
export { bucketByLength, type BucketOptions } from './batching/bucket.ts';
export { prefetch, type PrefetchOptions } from './batching/prefetch.ts';
export {
  batchSequences,
  batchTargets,
  batchToTensor,
  type SequenceBatch,
  type TargetBatch,
} from './batching/sequence-batch.ts';
export { batchTokens, type BatchTokensOptions, type PaddedTokens } from './batching/token-batch.ts';
export { cartPole } from './environments/cart-pole.ts';
export type { ActionSpace, Environment, EnvironmentOptions, Transition } from './environments/environment.ts';
export { pendulum } from './environments/pendulum.ts';
export { DataError, type DataErrorCode } from './errors.ts';
export { type Features, normalizeFeatures, type NormalizeOptions, stackFrames } from './features.ts';
export { type RandomSource, shuffled } from './random-source.ts';
export { type AddingBatch, addingProblem, originalAddingProblem } from './tasks/adding.ts';
export { type CopyBatch, type CopyOptions, copyTask } from './tasks/copy.ts';
export { type FastaRecord, readFasta, type ReadFastaOptions } from './readers/fasta.ts';
export {
  readPairTable,
  type ReadPairTableOptions,
  readParallelText,
  type ReadParallelTextOptions,
  type SentencePair,
} from './readers/parallel.ts';
export { type LabelledSeries, readSeries, type ReadSeriesOptions, type SeriesFile } from './readers/series.ts';
export {
  readTaggedSentences,
  type ReadTaggedSentencesOptions,
  type TaggedFiles,
  type TaggedSentence,
} from './readers/tagged-sentences.ts';
export { readCsv, type ReadCsvOptions } from './tables/read-csv.ts';
export { MinMaxScaler, type ScalerState, StandardScaler } from './tables/scalers.ts';
export { type Span, splitByTime, type SplitOptions } from './tables/split.ts';
export { type Column, Table } from './tables/table.ts';
export { type WindowBatch, type WindowOptions, type WindowPlace, type Windows, windows } from './tables/windows.ts';
export {
  embeddedReber,
  embeddedReberString,
  legalSuccessors,
  type ReberBatch,
  reberSymbols,
  type ReberScore,
  type ReberSymbol,
  scoreReber,
} from './tasks/reber.ts';
export {
  temporalOrder,
  type TemporalOrderBatch,
  type TemporalOrderOptions,
  temporalOrderSymbols,
} from './tasks/temporal-order.ts';
export { BytePairEncoder, type BytePairOptions, type BytePairState } from './text/byte-pair.ts';
export { fromJamo, toJamo } from './text/hangul.ts';
export { characters, codePoints, words } from './text/tokenize.ts';
export { Vocabulary, type VocabularyOptions, type VocabularyState } from './text/vocabulary.ts';
export { oneHot, type TokenBatch } from './tasks/tokens.ts';
