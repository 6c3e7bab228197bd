export { InteropError, type InteropErrorCode } from './errors.ts';
export { readPt, type PtValue } from './pytorch/pt.ts';
export type { PtPath } from './pytorch/pt-path.ts';
export { renameEntries, type NameMapping } from './pytorch/rename.ts';
export {
  loadPyTorch,
  readStateDict,
  savePyTorch,
  type LoadPyTorchOptions,
  type ReadStateDictOptions,
} from './pytorch/state-dict.ts';
export { exportOnnx } from './onnx/export/export.ts';
export type { ExportOnnxOptions } from './onnx/export/options.ts';
export { exportOnnxGraph, OnnxGraph, type OnnxStep, type OnnxValue } from './onnx/export/graph.ts';
export type { OnnxAttribute } from './onnx/export/protos.ts';
export { exportLayer, type OnnxExportable, type OnnxLayerResult } from './onnx/export/layers.ts';
export type { OnnxCellStep, OnnxExportableCell } from './onnx/export/onnx-cell.ts';
export type { OnnxRecurrence, OnnxRecurrentInput } from './onnx/export/recurrent.ts';
export type { OnnxDimension, OnnxElementType } from './onnx/types.ts';
export { importOnnx, type ImportOnnxOptions } from './onnx/import/import.ts';
export type { OnnxExternalData } from './onnx/import/external-data.ts';
export type { OnnxFeed, OnnxNumbers, OnnxPort } from './onnx/import/feed.ts';
export { OnnxModel } from './onnx/import/model.ts';
export type { Hdf5Dataset, Hdf5Datasets, Hdf5Limits, Hdf5Reader } from './hdf5/types.ts';
export { importKeras, type ImportKerasOptions } from './keras/import.ts';
export { KerasModel, type KerasInputs, type KerasPort } from './keras/model.ts';
export { loadKerasWeights } from './keras/weights.ts';
export { exportAttention, exportMemory, type OnnxMemory } from './onnx/export/attention.ts';
export { exportEncoderDecoder, exportTeacherForced } from './onnx/export/encoder-decoder.ts';
export { exportOneToMany } from './onnx/export/one-to-many.ts';
