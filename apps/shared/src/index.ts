export { type BackendName, backendNames, createBackend, withBackend } from './backend.ts';
export { UsageError } from './errors.ts';
export { catchInterrupt, type Interrupt } from './interrupt.ts';
export { backendOption, createProgram, runProgram, wholeNumber } from './program.ts';
export { createProgress, formatSeconds, type Progress, type ProgressOptions } from './progress.ts';
export { type BatchMaker, createBatchMaker } from './recognizer/batch-maker.ts';
export { type BeamFlags, beamFlags, searchReadings } from './recognizer/beam.ts';
export { type ModelConfig, type NumberRule, parseConfig } from './recognizer/config.ts';
export { configFile, loadModel, saveModel } from './recognizer/model-files.ts';
export { type NetworkConfig, Recognizer } from './recognizer/network.ts';
export { batchLoss, type LabelledBatch, type Reading, readSequences, softmaxRows } from './recognizer/read.ts';
export { serveBatches } from './recognizer/serve-batches.ts';
export {
  type History,
  runFolder,
  type RunSettings,
  trainRecognizer,
  type TrainingOptions,
  type TrainingResult,
} from './recognizer/train.ts';
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
export { lineChart, type LineChartOptions, type Series, usualHighest } from './report/line-chart.ts';
export { ticks } from './report/scale.ts';
export {
  type App,
  type DataRequest,
  defineApp,
  type Judged,
  type Metrics,
  type Parts,
  type ReportContents,
  type Section,
  type Trained,
} from './app/app.ts';
export { loadAppModel, saveAppModel } from './app/model-file.ts';
export { inWords } from './app/report.ts';
export { runApp } from './app/run-app.ts';
export { between, setting, type Settings, whole } from './app/settings.ts';
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
