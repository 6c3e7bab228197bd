import type { Backend } from '@timestep/backend-api';
import type { BackendName } from './choice.ts';

/** Makes a backend of its package's own options. */
export type Maker = (options: Readonly<Record<string, unknown>>) => Promise<Backend>;

/** Imports a backend's package and gives the function that makes the backend; rejects where it is not installed. */
export type Importers = Readonly<Record<BackendName, () => Promise<Maker>>>;

/**
 * The packages of WebGPU and WebAssembly are named in place, so that a bundler follows those that are installed. What
 * is missing must stay an error of run time: a bundler takes a rejected import as such where it sees it being caught.
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
    // The name is in a variable so that no bundler follows it: this one is for Node, Deno and Bun, with a binary.
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
