import type { Backend } from '@timestep/backend-api';
import type { BackendName } from './choice.ts';

/** Creates a backend from the options of its package. */
export type Maker = (options: Readonly<Record<string, unknown>>) => Promise<Backend>;

/** Imports the package of a backend and returns its `create` function. Rejects if the package is not installed. */
export type Importers = Readonly<Record<BackendName, () => Promise<Maker>>>;

/**
 * The imports of `backend-webgpu` and `backend-cpu` are literal, so that a bundler follows those that are installed. A
 * package that is missing must only fail at run time: bundlers allow a missing import if it is inside try/catch.
 */
export const importers: Importers = {
  webgpu: async () => {
    try {
      const { createWebGpuBackend } = await import('@timestep/backend-webgpu');
      return (options) => createWebGpuBackend(options);
    } catch (error) {
      throw asError(error);
    }
  },
  native: async () => {
    // The name is in a variable so that bundlers do not follow it: the package has a binary and needs Node, Deno or
    // Bun.
    const name = '@timestep/backend-native';
    const { createNativeBackend } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
      createNativeBackend: Maker;
    };
    return createNativeBackend;
  },
  cpu: async () => {
    try {
      const { createCpuBackend } = await import('@timestep/backend-cpu');
      return (options) => createCpuBackend(options);
    } catch (error) {
      throw asError(error);
    }
  },
};

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
