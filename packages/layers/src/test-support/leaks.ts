import { openScope, type Backend } from '@timestep/core';
import { expect } from 'vitest';

/** Runs a test in a scope of its own and fails where a buffer is left behind. */
export async function leakChecked(backend: Backend, body: () => void | Promise<void>): Promise<void> {
  const before = backend.memory().buffers;
  {
    using _scope = openScope(backend);
    await body();
  }
  expect(backend.memory().buffers, 'buffers left behind').toBe(before);
}
