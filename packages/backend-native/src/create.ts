import { DeviceError } from '@timestep/backend-api';
import type * as implementation from './backend.ts';
import type { NativeBackend, NativeBackendOptions } from './backend.ts';

/**
 * Creates the backend on oneDNN or a BLAS.
 *
 * ```ts
 * const backend: Backend = await createNativeBackend();
 * console.log(backend.capabilities.device); // oneDNN 2.6.3 (libdnnl.so.2), 2 threads
 * ```
 *
 * `createBackend('auto')` of `@timestep/backend-auto` takes this backend where it works, and else the CPU's.
 *
 * @throws DeviceError `NO_DEVICE` where neither library is installed, or `koffi`, which calls them, does not load; the
 *   message says how to mend it
 * @throws ArgumentError `INVALID_ARGUMENT` for an option that there is not
 */
export async function createNativeBackend(options: NativeBackendOptions = {}): Promise<NativeBackend> {
  return await createWith(() => import('./backend.ts'), options);
}

/** {@link createNativeBackend} with another way to load what calls the library; for tests. */
export async function createWith(
  load: () => Promise<typeof implementation>,
  options: NativeBackendOptions,
): Promise<NativeBackend> {
  let loaded: typeof implementation;
  try {
    // Only now: koffi has a binary for each platform, and its import throws where that does not load.
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
