import { is } from '@timestep/core';

/** A numeric dataset of an HDF5 file, in float32. */
export interface Hdf5Dataset {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Every numeric dataset of a file by its path, such as `layers/lstm/cell/vars/0`. */
export type Hdf5Datasets = ReadonlyMap<string, Hdf5Dataset>;

/**
 * Reads the numeric datasets of an HDF5 file. The HDF5 library is written in C: whatever a damaged file makes of it, a
 * reader answers with an InteropError, `MALFORMED_FILE` or `READ_LIMIT`.
 */
export type Hdf5Reader = (file: Uint8Array) => Promise<Hdf5Datasets>;

/** What a reader may use before it is stopped. */
export interface Hdf5Limits {
  /** Milliseconds for one file; 30,000 by default. */
  readonly timeLimit?: number | undefined;
  /** Bytes of memory of the HDF5 library; 10 times the file and 64 MiB by default. */
  readonly memoryLimit?: number | undefined;
}

/** How the limits are checked. */
export const limitRules = {
  timeLimit: is.optional(is.number({ above: 0 })),
  memoryLimit: is.optional(is.number({ above: 0 })),
};

/** What a worker is told. */
export interface Hdf5Request {
  readonly file: Uint8Array;
  readonly memoryLimit: number;
}

/** What a worker answers. `spent` says that its library may be in disorder, so that the next file needs a fresh one. */
export type Hdf5Answer =
  | { readonly datasets: readonly (readonly [path: string, dataset: Hdf5Dataset])[] }
  | {
      readonly code: 'MALFORMED_FILE' | 'READ_LIMIT' | 'MISSING_PACKAGE';
      readonly message: string;
      readonly spent: boolean;
    };

/** Room that the library itself needs. */
const baseMemory = 64 * 2 ** 20;

export function memoryLimitOf(file: Uint8Array, { memoryLimit }: Hdf5Limits): number {
  return memoryLimit ?? baseMemory + 10 * file.byteLength;
}
