import { is } from '@timestep/core';

/** A numeric dataset of an HDF5 file, in float32. */
export interface Hdf5Dataset {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Every numeric dataset of a file by its path, such as `layers/lstm/cell/vars/0`. */
export type Hdf5Datasets = ReadonlyMap<string, Hdf5Dataset>;

/**
 * Reads the numeric datasets of an HDF5 file. The HDF5 library is written in C and may crash on a damaged file; a reader
 * always throws an InteropError, `MALFORMED_FILE` or `READ_LIMIT`.
 */
export type Hdf5Reader = (file: Uint8Array) => Promise<Hdf5Datasets>;

/** The limits of a reader. */
export interface Hdf5Limits {
  /** The maximum time for one file in milliseconds; 30,000 by default. */
  readonly timeLimit?: number | undefined;
  /** The maximum memory of the HDF5 library in bytes; 10 times the file plus 64 MiB by default. */
  readonly memoryLimit?: number | undefined;
}

/** The checks of the limits. */
export const limitRules = {
  timeLimit: is.optional(is.number({ above: 0 })),
  memoryLimit: is.optional(is.number({ above: 0 })),
};

/** A request to a worker. */
export interface Hdf5Request {
  readonly file: Uint8Array;
  readonly memoryLimit: number;
}

/** The answer of a worker. If `spent` is true, its library may be damaged and the next file needs a new worker. */
export type Hdf5Answer =
  | { readonly datasets: readonly (readonly [path: string, dataset: Hdf5Dataset])[] }
  | {
      readonly code: 'MALFORMED_FILE' | 'READ_LIMIT' | 'MISSING_PACKAGE';
      readonly message: string;
      readonly spent: boolean;
    };

/** The memory that the library itself needs. */
const baseMemory = 64 * 2 ** 20;

export function memoryLimitOf(file: Uint8Array, { memoryLimit }: Hdf5Limits): number {
  return memoryLimit ?? baseMemory + 10 * file.byteLength;
}
