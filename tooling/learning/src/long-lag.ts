import { Generator, type Backend } from '@timestep/core';
import { HistoryCompressor } from '@timestep/layers';

export interface LongLagResult {
  /** Sequences read until 29 of the last 30 answers were expected, or the most that were allowed */
  readonly sequences: number;
  readonly learned: boolean;
}

/**
 * After the first symbol, one of two, come `lag` steps of a cycle of four, an end mark, and the first symbol again. The
 * lower level of the compressor learns the cycle, so that for the upper one the symbol to be remembered is two steps
 * away.
 */
export async function longLag(backend: Backend, lag: number, most: number, seed: number): Promise<LongLagResult> {
  const [symbols, end] = [7, 6];
  const generator = new Generator(seed);
  using compressor = new HistoryCompressor({ backend, symbols, generator });
  const right: boolean[] = [];
  const learned = (): boolean => right.slice(-30).filter(Boolean).length >= 29;
  while (right.length < most && !learned()) {
    const first = generator.integer(2);
    await compressor.observe(first);
    for (let t = 0; t < lag; t++) await compressor.observe(2 + (t % 4));
    await compressor.observe(end);
    const [, upper] = await compressor.observe(first);
    right.push(upper?.expected === first);
  }
  return { sequences: right.length, learned: learned() };
}
