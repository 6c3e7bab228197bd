import type * as h5wasm from 'h5wasm';
import { InteropError } from '../errors.ts';

/** The HDF Group's library, compiled to WebAssembly. */
export type Library = typeof h5wasm;
export type LibraryModule = Awaited<Library['ready']>;

/**
 * Loads the library on first use: it has 4 MB and must be compiled. Only users who read Keras files install it.
 *
 * @throws InteropError `MISSING_PACKAGE`
 */
export async function loadLibrary(): Promise<{ library: Library; module: LibraryModule }> {
  let library: Library;
  try {
    library = await import('h5wasm');
  } catch (error) {
    throw new InteropError(
      'MISSING_PACKAGE',
      '[hdf5] the weights of Keras models are HDF5 files, which need the package h5wasm; install it beside @timestep/interop: npm install h5wasm',
      { cause: error },
    );
  }
  return { library, module: await library.ready };
}
