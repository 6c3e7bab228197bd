import { createCpuBackend } from '@timestep/backend-cpu';
import { expect, it } from 'vitest';
import { wrongAfter } from './original-sums.ts';

it('an LSTM solves the adding problem of 1997 over 100 steps, by its criterion, in fewer than its 74,000 sequences', async () => {
  const backend = await createCpuBackend({ threads: 1 });
  // A training that has hardly begun is not judged to have solved it.
  expect((await wrongAfter(backend, 100, 1000, 1)).wrong).toBeGreaterThan(256);
  expect((await wrongAfter(backend, 100, 20_000, 1)).wrong).toBeLessThanOrEqual(1);
  await backend.dispose();
});
