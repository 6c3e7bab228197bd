import { expect, it } from 'vitest';
import { killSeries } from '../test-support/kill-series.ts';

it('a run killed at random moments leaves the files and the log of one that was not', async () => {
  const { kills, runs, differences } = await killSeries({ kills: 20, steps: 40, seed: 12 });
  expect(differences).toEqual([]);
  expect(kills).toBe(20);
  expect(runs).toBeGreaterThan(0);
  // Under 20 s on two free cores, but most of it is the start of 22 processes, which others may slow down.
}, 300_000);
