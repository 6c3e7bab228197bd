export type { DamagedCheckpoint } from './checkpoint/checkpoint-store.ts';
export { decodeCheckpoint, encodeCheckpoint, type CheckpointContents } from './checkpoint/format.ts';
export type { DataSource } from './data/data-source.ts';
export { epochData, shuffledBatches, type EpochDataOptions, type ShuffleOptions } from './data/epoch-data.ts';
export { generatedData, type GeneratedDataOptions } from './data/generated-data.ts';
export {
  gradientFlow,
  type GradientFlow,
  type GradientFlowOptions,
  type LayerFlow,
} from './diagnosis/gradient-flow.ts';
export { gradientFlowPicture } from './diagnosis/gradient-flow-picture.ts';
export {
  learningRateRange,
  type LearningRateRange,
  type LearningRateRangeOptions,
} from './diagnosis/learning-rate-range.ts';
export { NonFiniteLossError, TrainError, type TrainErrorCode } from './errors.ts';
export { cmaES, type CmaEsOptions } from './evolution/cma-es.ts';
export type { EvolutionStrategy } from './evolution/evolution-strategy.ts';
export { evolve, type EvolveOptions } from './evolution/evolve.ts';
export { openES, type OpenEsOptions } from './evolution/open-es.ts';
export { parameterVector, type ParameterVector } from './evolution/parameter-vector.ts';
export { windowData, type TokenWindow, type WindowDataOptions } from './long-sequences/window-data.ts';
export {
  recomputeFinalState,
  recomputeSequence,
  type RecomputeSequenceOptions,
} from './long-sequences/recompute-sequence.ts';
export { bceWithLogitsLoss, type BCEWithLogitsLossOptions } from './losses/binary-cross-entropy.ts';
export {
  BCEWithLogitsLoss,
  CrossEntropyLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  MSELoss,
  SmoothL1Loss,
} from './losses/classes.ts';
export { crossEntropyLoss, type CrossEntropyLossOptions } from './losses/cross-entropy.ts';
export { klDivLoss, type KLDivLossOptions } from './losses/kl-divergence.ts';
export type { Reduction, ReductionOptions } from './losses/reduction.ts';
export {
  huberLoss,
  l1Loss,
  mseLoss,
  smoothL1Loss,
  type HuberLossOptions,
  type SmoothL1LossOptions,
} from './losses/regression.ts';
export { RealTimeRecurrentLearner } from './online/real-time-recurrent-learning.ts';
export { Adagrad, type AdagradOptions } from './optimizers/adagrad.ts';
export { Adam, AdamW, type AdamOptions } from './optimizers/adam.ts';
export { Accuracy, type AccuracyOptions, TopKAccuracy, type TopKAccuracyOptions } from './metrics/accuracy.ts';
export { AUROC } from './metrics/auroc.ts';
export { BLEU, type BleuOptions, type BleuReferences, type BleuReport } from './metrics/bleu.ts';
export { type Average, type ClassScoreOptions, F1Score, Precision, Recall } from './metrics/class-scores.ts';
export { ConfusionMatrix, type ConfusionMatrixOptions } from './metrics/confusion-matrix.ts';
export { BitsPerCharacter, type LikelihoodOptions, Perplexity } from './metrics/likelihood.ts';
export type { Metric, PredictionMetric, Values } from './metrics/metric.ts';
export {
  MeanAbsoluteError,
  MeanAbsoluteScaledError,
  type MeanAbsoluteScaledErrorOptions,
  MeanSquaredError,
  type MeanSquaredErrorOptions,
} from './metrics/regression.ts';
export { SlotF1, type SlotReport, type SlotScores } from './metrics/slot-f1.ts';
export { type TagChunk, tagChunks } from './metrics/tag-chunks.ts';
export { clipGradientNorm, clipGradientValue, type ClippedNorm } from './optimizers/clip.ts';
export { loadModel, modelOfCheckpoint, saveModel } from './model-file.ts';
export { Optimizer, type BaseSettings, type OptimizerGroup, type OptimizerSlot } from './optimizers/optimizer.ts';
export type { OptimizerState, OptimizerTensors } from './optimizers/optimizer-state.ts';
export type { NamedParameter, ParameterGroup, Parameters } from './optimizers/parameters.ts';
export { RMSprop, type RMSpropOptions } from './optimizers/rmsprop.ts';
export { SGD, type SGDOptions } from './optimizers/sgd.ts';
export { WeightAverage, type WeightAverageOptions } from './optimizers/weight-average.ts';
export type { PolicyEnvironment } from './policies/policy-environment.ts';
export { MemorylessPolicy, Policy, RecurrentPolicy, type Decision } from './policies/policy.ts';
export { episodeData, reinforceLoss, type EpisodeBatch, type EpisodeDataOptions } from './policies/reinforce.ts';
export { rollOut, type Episodes, type RollOutOptions } from './policies/roll-out.ts';
export {
  constantRate,
  cosine,
  oneCycle,
  stepDecay,
  type CosineOptions,
  type OneCycleOptions,
  type StepDecayOptions,
} from './schedules/decay.ts';
export { plateau, type PlateauOptions } from './schedules/plateau.ts';
export type { Json, Schedule } from './schedules/schedule.ts';
export { memoryStorage } from './storage/memory-storage.ts';
export type { Storage } from './storage/storage.ts';
export type {
  Batches,
  BestValidation,
  CheckpointOptions,
  EvaluateOptions,
  FitOptions,
  FitResult,
  LossContext,
  LossFunction,
  LossResult,
  MeasuredLoss,
  Metrics,
  NamedMetrics,
  PredictFunction,
  Progress,
  ResumeOptions,
  ResumeReport,
  TrainerListener,
  TrainerOptions,
  ValidationOptions,
  ValidationReport,
} from './trainer/options.ts';
export { Trainer } from './trainer/trainer.ts';
