export { type BackendName, backendNames, createBackend, withBackend } from './backend.ts';
export { UsageError } from './errors.ts';
export { catchInterrupt, type Interrupt } from './interrupt.ts';
export { backendOption, createProgram, runProgram, wholeNumber } from './program.ts';
export { createProgress, formatSeconds, type Progress, type ProgressOptions } from './progress.ts';
export { batchesOfThread, type BatchMaker, createBatchMaker } from './batches/batch-maker.ts';
export { serveBatches } from './batches/serve-batches.ts';
export { CTCRecognizer, type CTCRecognizerOptions } from './ctc-recognizer/network.ts';
export { ctcBatchLoss, type LabelledBatch, type Reading, readSequences, softmaxRows } from './ctc-recognizer/read.ts';
export { searchReadings } from './ctc-recognizer/search.ts';
export {
  recognizerConfig,
  recognizerOptimizer,
  type RecognizerSizes,
  type SearchSettings,
  searchSettings,
} from './ctc-recognizer/settings.ts';
export { confusionMatrix, type Confusions } from './report/confusion-matrix.ts';
export {
  type ColorMap,
  ember,
  type HeatMapData,
  heatMapImage,
  type HeatMapOptions,
  heatMapUrl,
} from './report/heat-map.ts';
export { figures, type Html, html, page } from './report/html.ts';
export { learningRateChart } from './report/learning-rate-chart.ts';
export { lineChart, type LineChartOptions, type Series, usualHighest } from './report/line-chart.ts';
export { ticks } from './report/scale.ts';
export {
  type App,
  type BatchSource,
  type DataRequest,
  defineApp,
  type Judged,
  type Metrics,
  type Parts,
  type ReportContents,
  type Section,
  type Trained,
} from './app/app.ts';
export {
  type AppCommands,
  appCommands,
  type CommonFlags,
  type JudgeFlags,
  type Judgement,
  type ModelFlags,
  type TrainFlags,
} from './app/commands.ts';
export { loadAppModel, saveAppModel } from './app/model-file.ts';
export { inWords } from './app/report.ts';
export { runApp } from './app/run-app.ts';
export { addFlags, between, setting, type Settings, whole } from './app/settings.ts';
export { showNumber } from './app/train.ts';
export { barChart, type BarChartOptions } from './report/bar-chart.ts';
export { axis, chart, chartColors, type ChartSize } from './report/chart.ts';
export { type MatrixCell, matrixChart, type MatrixChartOptions } from './report/matrix-chart.ts';
export {
  type HashedText,
  type HashSizes,
  hashUnits,
  alphabetOf,
  isForeign,
  type TextUnit,
  textUnits,
  unitsOf,
} from './text/hashed-text.ts';
export { TextEncoder, type TextEncoderOptions } from './text/text-encoder.ts';
export { type ReadTexts, TextReader, type TextReaderOptions } from './text/text-reader.ts';
