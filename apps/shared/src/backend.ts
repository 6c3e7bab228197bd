import { backendNames as names, createBackend as create, type BackendName as Name } from '@timestep/backend-auto';
import { type Backend, TimestepError } from '@timestep/core';
import { UsageError } from './errors.ts';

export type BackendName = 'auto' | Name;

/** The values of `--backend`. */
export const backendNames: readonly BackendName[] = ['auto', ...names];

/**
 * Makes the backend of a name; `auto` is the first that works here of WebGPU on hardware, the native libraries, and the
 * CPU's, which runs everywhere.
 *
 * @throws UsageError where it finds no device or library, with what it said
 */
export async function createBackend(name: BackendName): Promise<Backend> {
  try {
    return await create(name);
  } catch (error) {
    if (!(error instanceof TimestepError)) throw error;
    throw new UsageError(
      `--backend ${name} cannot be used here: ${error.message.split('\n')[0]!}; leave --backend out to compute on the CPU`,
      { cause: error },
    );
  }
}

/** Makes a backend for the length of `work` and frees it afterwards, whatever happens. */
export async function withBackend<Result>(
  name: BackendName,
  work: (backend: Backend) => Promise<Result>,
): Promise<Result> {
  const backend = await createBackend(name);
  try {
    return await work(backend);
  } finally {
    await backend.dispose();
  }
}
