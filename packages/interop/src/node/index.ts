export { createHdf5Reader } from './hdf5.ts';
export type { Hdf5ThreadReader } from '../hdf5/in-worker.ts';
export type { Hdf5Limits } from '../hdf5/types.ts';
