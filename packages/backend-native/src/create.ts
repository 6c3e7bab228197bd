import { DeviceError } from '@timestep/backend-api';
import type * as implementation from './backend.ts';
import type { NativeBackend, NativeBackendOptions } from './backend.ts';

/**
 * Creates a CPU backend that uses oneDNN or a BLAS for expensive operations. To fall back to the plain CPU backend
 * where neither is installed, use `createBackend('auto')` from `@timestep/backend-auto`.
 *
 * @example
 * ```ts
 * const backend: Backend = await createNativeBackend();
 * console.log(backend.capabilities.device); // oneDNN 2.6.3 (libdnnl.so.2), 2 threads
 * ```
 *
 * @param options the library and its threshold, and the options of `createCpuBackend`
 * @returns the backend; `await using` or `dispose()` frees it
 * @throws DeviceError `NO_DEVICE` if neither library is installed, or if `koffi`, which calls them, does not load; the
 *   message says how to fix it
 * @throws ArgumentError for an unknown option or a value out of range
 */
export async function createNativeBackend(options: NativeBackendOptions = {}): Promise<NativeBackend> {
  return await createWith(() => import('./backend.ts'), options);
}

/** Implements {@link createNativeBackend}; tests pass another `load`. */
export async function createWith(
  load: () => Promise<typeof implementation>,
  options: NativeBackendOptions,
): Promise<NativeBackend> {
  let loaded: typeof implementation;
  try {
    // Imported here and not at the top: koffi has a binary for each platform, and importing it may throw.
    loaded = await load();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw new DeviceError(
      'NO_DEVICE',
      `[createNativeBackend] the npm package koffi, which calls the library, does not load (${reason}); run \`npm install koffi\` again on this platform, or use createBackend('auto') of @timestep/backend-auto or createCpuBackend(), which need none`,
      { cause },
    );
  }
  return await loaded.createNativeBackend(options);
}
