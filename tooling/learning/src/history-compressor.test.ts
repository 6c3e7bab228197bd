import { createCpuBackend } from '@timestep/backend-cpu';
import { Generator } from '@timestep/core';
import { HistoryCompressor } from '@timestep/layers';
import { expect, it } from 'vitest';

const lag = 1200;
const [symbols, end] = [7, 6];

/**
 * After the first symbol, one of two, come 1,200 steps of a cycle of four, an end mark, and the first symbol again. The
 * lower level learns the cycle, so that for the upper one the symbol to be remembered is two steps away.
 */
it('the history compressor learns over a lag of 1,200 steps, online, from at most 400 sequences', async () => {
  const backend = await createCpuBackend({ threads: 1 });
  const generator = new Generator(4);
  const compressor = new HistoryCompressor({ backend, symbols, generator });
  const right: boolean[] = [];
  const recent = (): number => right.slice(-30).filter(Boolean).length;
  while (right.length < 400 && recent() < 29) {
    const first = generator.integer(2);
    await compressor.observe(first);
    for (let t = 0; t < lag; t++) await compressor.observe(2 + (t % 4));
    await compressor.observe(end);
    const [, upper] = await compressor.observe(first);
    right.push(upper?.expected === first);
  }
  compressor.dispose();
  await backend.dispose();
  expect(recent()).toBeGreaterThanOrEqual(29);
});
