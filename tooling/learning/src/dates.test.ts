import { createCpuBackend, type CpuBackend } from '@timestep/backend-cpu';
import { Generator } from '@timestep/core';
import { beamDecode, type EncoderDecoder, greedyDecode } from '@timestep/layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exactMatch, sourceOf, trainDateModel } from './date-model.ts';
import { alphabet, digits, drawDate, drawDates, formats } from './dates.ts';

describe('the dates', () => {
  it('are written in every format with symbols of the alphabet, and held out by day', () => {
    const generator = new Generator(1);
    const seen = new Set<string>();
    for (let k = 0; k < 3000; k++) {
      const { written, iso } = drawDate(generator, k % 2 === 0);
      expect([...written].every((symbol) => alphabet.includes(symbol))).toBe(true);
      const day = Date.parse(iso) / 864e5 - Date.UTC(1900, 0, 1) / 864e5;
      expect(day % 8 === 3).toBe(k % 2 === 0);
      seen.add(written.replace(/\d+/g, '9').replace(/[A-Za-z]+/g, 'a'));
    }
    expect(seen.size).toBeGreaterThanOrEqual(14);
    expect(formats[8]!({ year: 1987, month: 2, day: 3, weekday: 2 })).toBe('3 Mar. 1987');
  });
});

describe('an encoder–decoder with attention learns to read dates', () => {
  let backend: CpuBackend;
  let model: EncoderDecoder;
  beforeAll(async () => {
    backend = await createCpuBackend({ threads: 1 });
    ({ model } = await trainDateModel(backend, { attention: 'bahdanau', seed: 1, steps: 3000 }));
  }, 600_000);
  afterAll(() => backend.dispose());

  it('99 of 100 dates that it has never seen come out right to the last symbol', async () => {
    expect(await exactMatch(model, drawDates(2000, new Generator(77), true))).toBeGreaterThanOrEqual(0.99);
  });

  it('looks at the year while it writes the year', async () => {
    const batch = drawDates(200, new Generator(78), true);
    const results = await greedyDecode(model, sourceOf(backend, batch), { maxLength: 11 });
    const looking = results.filter(({ weights }, n) => {
      const at = batch.written[n]!.indexOf(batch.isos[n]!.slice(0, 4));
      // The last two digits, which only the source tells: the state carries the neighbours on, so one place to each
      // side counts.
      return [2, 3].every((t) => weights[t]!.subarray(Math.max(0, at - 1), at + 5).reduce((a, b) => a + b) > 0.5);
    });
    expect(looking.length / results.length).toBeGreaterThan(0.9);
  });

  it('finds at least as likely a date with a beam', async () => {
    const batch = drawDates(8, new Generator(79), true);
    const source = sourceOf(backend, batch);
    const greedy = await greedyDecode(model, source, { maxLength: 11 });
    const beams = await beamDecode(model, source, { maxLength: 11, beamWidth: 4 });
    for (const [n, [best]] of beams.entries()) {
      expect(best!.logProbability).toBeGreaterThanOrEqual(greedy[n]!.logProbability - 1e-4);
      expect(best!.tokens.map((symbol) => digits[symbol]).join('')).toBe(batch.isos[n]);
    }
  });
});
