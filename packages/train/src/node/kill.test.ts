import { expect, it } from 'vitest';
import { killSeries } from '../test-support/kill-series.ts';

it('a run killed at random moments leaves the files and the log of one that was not', async () => {
  const { kills, runs, differences } = await killSeries({ kills: 20, steps: 40, seed: 12 });
  expect(differences).toEqual([]);
  expect(kills).toBe(20);
  expect(runs).toBeGreaterThan(0);
});
