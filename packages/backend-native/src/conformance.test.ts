import { testBackend } from '@timestep/backend-conformance';
import { describe } from 'vitest';
import { createNativeBackend } from './index.ts';
import { missingLibrary } from './test-support/libraries.ts';

// The threshold of 0 has the library do what it can, however small.
for (const library of ['onednn', 'blas'] as const) {
  describe.skipIf(missingLibrary(library) !== null)(library, () => {
    testBackend({
      name: `native, ${library}`,
      create: () => createNativeBackend({ library, threads: 2, threshold: 0 }),
    });
  });
}
