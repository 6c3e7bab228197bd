import { loadLibrary } from '../libraries/load.ts';

/**
 * Why the library cannot be had here, or null where it can. With TIMESTEP_REQUIRE_NATIVE=1, as CI sets it, a missing
 * one is a failure.
 */
export function missingLibrary(library: 'onednn' | 'blas'): string | null {
  try {
    loadLibrary(library);
    return null;
  } catch (error) {
    if (process.env['TIMESTEP_REQUIRE_NATIVE'] === '1') throw error;
    console.warn(`skipped the tests of backend-native on ${library}: ${(error as Error).message}`);
    return (error as Error).message;
  }
}
