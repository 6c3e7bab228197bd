import { expect, test } from 'vitest';
import { createCpuBackend } from './index.ts';

test.each([1, 2, 3])('fills a buffer with %i threads', async (threads) => {
  const backend = await createCpuBackend({ threads });
  expect(backend.capabilities.threads).toBe(threads);
  const buffer = backend.alloc('f32', 1_000_003);
  for (let repeat = 0; repeat < 50; repeat++) {
    backend.fill(buffer, 2.5 + repeat);
    const data = await backend.read(buffer);
    expect(data.every((value) => value === 2.5 + repeat)).toBe(true);
  }
  backend.free(buffer);
  expect(backend.memory().buffers).toBe(0);
  await backend.dispose();
});
