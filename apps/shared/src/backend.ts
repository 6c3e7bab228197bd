import { type Backend, TimestepError } from '@timestep/core';
import { UsageError } from './errors.ts';

/** What makes each backend. Its package is loaded only when it is asked for, so that an app starts without the rest. */
const makers = {
  cpu: async (): Promise<Backend> => await (await import('@timestep/backend-cpu')).createCpuBackend(),
  native: async (): Promise<Backend> => await (await import('@timestep/backend-native')).createNativeBackend(),
  webgpu: async (): Promise<Backend> => await (await import('@timestep/backend-webgpu')).createWebGpuBackend(),
};

type Maker = keyof typeof makers;
export type BackendName = 'auto' | Maker;

/** What `--backend` takes. */
export const backendNames: readonly BackendName[] = ['auto', ...(Object.keys(makers) as Maker[])];

/**
 * Makes the backend of a name; `auto` is the native one where this system has its library, else the CPU's, which runs
 * everywhere.
 *
 * @throws UsageError where it finds no device or library, with what it said
 */
export async function createBackend(name: BackendName): Promise<Backend> {
  try {
    if (name !== 'auto') return await makers[name]();
    return await makers.native().catch(async (error: unknown) => {
      if (codeOf(error) === 'NO_DEVICE') return await makers.cpu();
      throw error;
    });
  } catch (error) {
    if (!(error instanceof Error) || codeOf(error) === null) throw error;
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

/** The code of an error of the contract, of another installed copy of it included; null for any other error. */
function codeOf(error: unknown): string | null {
  if (error instanceof TimestepError) return error.code;
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}
