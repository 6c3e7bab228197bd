import { createCpuBackend } from '@timestep/backend-cpu';
import { expect, it } from 'vitest';
import { longLag } from './long-lag.ts';

it('the history compressor learns over a lag of 1,200 steps, online, from at most 400 sequences', async () => {
  const backend = await createCpuBackend({ threads: 1 });
  expect(await longLag(backend, 1200, 400, 4)).toMatchObject({ learned: true });
  await backend.dispose();
});
