export { InteropError, type InteropErrorCode } from '../errors.ts';
export type { Hdf5Dataset, Hdf5Datasets, Hdf5Limits, Hdf5Reader } from '../hdf5/types.ts';
export { importKeras, type ImportKerasOptions } from './import.ts';
export { KerasModel, type KerasInputs, type KerasPort } from './model.ts';
export { loadKerasWeights } from './weights.ts';
