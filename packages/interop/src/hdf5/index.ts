export { hdf5InWorker, type Hdf5ThreadReader, type WebWorker } from './in-worker.ts';
export { readHdf5 } from './read.ts';
export type { Hdf5Dataset, Hdf5Datasets, Hdf5Limits, Hdf5Reader } from './types.ts';
