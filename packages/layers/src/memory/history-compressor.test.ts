import { createCpuBackend, type CpuBackend } from '@timestep/backend-cpu';
import { Generator } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HistoryCompressor } from './history-compressor.ts';

describe('the neural history compressor', () => {
  let backend: CpuBackend;
  beforeAll(async () => {
    backend = await createCpuBackend({ threads: 1 });
  });
  afterAll(() => backend.dispose());

  it('keeps what it has learned to predict at the lowest level, and lets through what breaks the rule', async () => {
    using compressor = new HistoryCompressor({
      backend,
      symbols: 5,
      numLevels: 3,
      window: 12,
      generator: new Generator(1),
    });
    const reached = async (symbol: number): Promise<number> => (await compressor.observe(symbol)).length;
    for (let t = 0; t < 400; t++) await reached(t % 4);
    const levels: number[] = [];
    for (let t = 0; t < 40; t++) levels.push(await reached(t % 4));
    expect(levels).toEqual(new Array(40).fill(1));
    const [first, second] = await compressor.observe(4);
    expect(first).toMatchObject({ predicted: false, expected: 0 });
    expect(first!.probability).toBeLessThan(0.1);
    expect(second).toBeDefined();
  });

  it('tells a first symbol as a surprise, forgets a stream but not its lesson, and leaves nothing behind', async () => {
    const before = backend.memory().buffers;
    const compressor = new HistoryCompressor({ backend, symbols: 2, window: 4, generator: new Generator(2) });
    expect(await compressor.observe(0)).toEqual([
      { probability: 0, expected: -1, predicted: false },
      { probability: 0, expected: -1, predicted: false },
    ]);
    const counts = new Set<number>();
    for (let t = 1; t < 300; t++) {
      await compressor.observe(t % 2);
      if (t > 50) counts.add(backend.memory().buffers);
    }
    // The window is full at both levels or at the first alone, so the count moves between few values and does not grow.
    expect(Math.max(...counts) - before).toBeLessThan(60);
    compressor.reset();
    expect((await compressor.observe(0))[0]!.predicted).toBe(false);
    expect((await compressor.observe(1))[0]).toMatchObject({ expected: 1 });
    compressor.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('refuses what is no symbol', async () => {
    using compressor = new HistoryCompressor({ backend, symbols: 3 });
    await expect(compressor.observe(3)).rejects.toThrow('[HistoryCompressor] expected a symbol in 0…2, got 3');
    expect(() => new HistoryCompressor({ backend, symbols: 3, threshold: 2 })).toThrow(
      '[HistoryCompressor] expected threshold to be a probability in 0…1, got 2',
    );
  });
});
