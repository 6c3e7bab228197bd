export { type EditDistance, editDistance, type EditOperation } from './edit-distance.ts';
export type { BlankOptions, Emissions, Numbers } from './emissions.ts';
export {
  characterErrorRate,
  type ConfusionOptions,
  type ConfusionPair,
  confusionPairs,
  digitErrorRate,
  type ErrorRate,
  type Transcript,
  wordErrorRate,
} from './error-rate.ts';
export { ctcGreedyDecode, type GreedyResult } from './greedy.ts';
export { CTCLoss, type CTCLossOptions, type CTCTargets } from './loss.ts';
export { LabelPriors } from './priors.ts';
export { CTCBeamDecoder, type CTCStream } from './decoder/decoder.ts';
export { type LexiconEntries, readLexicon } from './decoder/lexicon.ts';
export type { BeamDecoderOptions } from './decoder/options.ts';
export type { BeamResult, PartialResult, TimedWord } from './decoder/result.ts';
export { readArpa } from './language-model/arpa.ts';
export { estimateNgrams, type EstimateNgramsOptions } from './language-model/estimate-ngrams.ts';
export { loadArpa, type LoadArpaOptions } from './language-model/load-arpa.ts';
export { type NgramData, NgramModel } from './language-model/ngram-model.ts';
export { type Alignment, ctcAlign, mergeTokens, type TokenSpan, type WordSpan, wordSpans } from './alignment/align.ts';
export {
  transducerBeamDecode,
  type TransducerBeamOptions,
  type TransducerDecodeOptions,
  transducerGreedyDecode,
  type TransducerResult,
  type TransducerSteps,
} from './transducer/decode.ts';
export { transducerLoss, type TransducerLossOptions } from './transducer/loss.ts';
export { type PredictionState, Transducer, type TransducerOptions } from './transducer/transducer.ts';
