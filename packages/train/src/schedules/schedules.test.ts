import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { constantRate, cosine, oneCycle, plateau, stepDecay, type Schedule } from '../index.ts';

/** Learning rates of PyTorch's schedulers for a base rate of 0.2: tooling/fixtures/optimizers.py. */
interface Fixture {
  schedule: keyof typeof makers;
  options: Record<string, unknown>;
  metrics?: number[];
  rates: number[];
}

const makers = { step: stepDecay, cosine, oneCycle, plateau } as Record<string, (options: never) => Schedule>;
const { schedules } = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8')) as {
  schedules: Fixture[];
};

describe('schedules agree with PyTorch', () => {
  it.each(schedules.map((one) => [`${one.schedule} ${JSON.stringify(one.options)}`, one] as const))(
    '%s',
    (_name, { schedule: name, options, metrics, rates }) => {
      const schedule = makers[name]!(options as never);
      const got = rates.map((_, step) => {
        const factor = schedule.factor(step);
        if (metrics) schedule.observe!(metrics[step]!);
        return 0.2 * factor;
      });
      for (const [step, rate] of rates.entries()) expect(got[step]).toBeCloseTo(rate, 12);
      expect(new Set(rates).size).toBeGreaterThan(1);
    },
  );
});

describe('where PyTorch has no word', () => {
  it('constantRate is 1', () => expect([0, 5, 1e9].map((step) => constantRate().factor(step))).toEqual([1, 1, 1]));

  it('cosine rises first and stays at its floor in the end', () => {
    const schedule = cosine({ steps: 14, warmup: 4, floor: 0.25 });
    expect([0, 1, 2, 3, 4].map((step) => schedule.factor(step))).toEqual([0.25, 0.5, 0.75, 1, 1]);
    expect(schedule.factor(9)).toBeCloseTo(0.625, 12);
    expect([14, 15, 1000].map((step) => schedule.factor(step))).toEqual([0.25, 0.25, 0.25]);
  });

  it('a run of warm-up alone ends', () => expect(cosine({ steps: 3, warmup: 3 }).factor(3)).toBe(1));

  it('no schedule divides by zero, wherever its peak is', () => {
    for (let steps = 2; steps <= 12; steps++) {
      for (const rise of [0, 1, ...Array.from({ length: steps + 1 }, (_, k) => k / steps), 0.5 / steps, 1.5 / steps]) {
        for (const shape of ['cosine', 'linear'] as const) {
          const schedule = oneCycle({ steps, rise: Math.min(1, rise), shape });
          const factors = Array.from({ length: steps + 3 }, (_, step) => schedule.factor(step));
          expect(
            factors.every((factor) => factor >= 0 && factor <= 1),
            `${steps} steps, rise ${rise}: ${factors.join(' ')}`,
          ).toBe(true);
        }
      }
    }
    for (let steps = 1; steps < 6; steps++) {
      for (let warmup = 0; warmup < 8; warmup++) {
        const schedule = cosine({ steps, warmup });
        for (let step = 0; step < 10; step++) expect(schedule.factor(step)).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it('oneCycle stays at its end', () => expect(oneCycle({ steps: 10, end: 0.125 }).factor(50)).toBeCloseTo(0.125, 15));

  it('plateau goes on from its state', () => {
    const one = plateau({ patience: 1, factor: 0.5, cooldown: 1 });
    for (const metric of [1, 2, 3, 3]) one.observe!(metric);
    const other = plateau({ patience: 1, factor: 0.5, cooldown: 1 });
    other.restore!(JSON.parse(JSON.stringify(one.state!())) as never);
    for (const metric of [4, 4, 4, 0.5, 5, 5, 5]) {
      one.observe!(metric);
      other.observe!(metric);
      expect(other.factor(0)).toBe(one.factor(0));
    }
    expect(one.factor(0)).toBeLessThan(0.5);
    expect(() => other.restore!({ scale: 'no' })).toThrow(/plateau/);
  });

  it('a NaN metric is no improvement', () => {
    const schedule = plateau({ patience: 0, factor: 0.5 });
    schedule.observe!(NaN);
    expect(schedule.factor(0)).toBe(0.5);
  });

  it.each([
    ['every', () => stepDecay({ every: 0 })],
    ['gamma', () => stepDecay({ every: 1, gamma: -1 })],
    ['gamma', () => stepDecay({ every: 1, gamma: NaN })],
    ['steps', () => cosine({ steps: 1.5 })],
    ['warmup', () => cosine({ steps: 5, warmup: -1 })],
    ['floor', () => cosine({ steps: 5, floor: NaN })],
    ['steps', () => oneCycle({ steps: 1 })],
    ['rise', () => oneCycle({ steps: 10, rise: 2 })],
    ['patience', () => plateau({ patience: -1 })],
  ])('a bad %s is refused by name', (name, make) => expect(make).toThrow(new RegExp(`expected ${name}`)));
});
