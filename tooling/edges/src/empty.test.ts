import { openScope, withFused, type Backend } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EdgeCase } from './cases/case.ts';
import { casesOf, subjects } from './subjects.ts';
import { Trial, type Found, type Setting } from './trial.ts';

// Where no gradient comes in past a length, steps that are all padding are as good as no steps.
const values = { padding: 0.25, symbolPadding: 1, upstreamPadding: 0 };
const ordinary: Setting = { ...values, steps: 3, lengths: [3, 2] };
const noSteps: Setting = { ...values, steps: 0, lengths: [0, 0] };
const allPadding: Setting = { ...values, steps: 3, lengths: [0, 0] };

describe.each(subjects)('$name', (subject) => {
  const { fused, create } = subject;
  let backend: Backend | null;
  beforeAll(async () => {
    backend = await create();
  });
  afterAll(() => backend?.dispose());

  const runOn = async (on: Backend, { run }: EdgeCase, setting: Setting): Promise<Found> => {
    using _scope = openScope(on);
    return await withFused(on, fused, () => run(new Trial(on, setting), fused));
  };
  const cases = casesOf(subject);

  it.each(cases.filter(({ needsSteps }) => !needsSteps))('no steps: $title', async (test) => {
    if (!backend) return;
    const found = await runOn(backend, test, noSteps);
    const expected = await runOn(backend, test, allPadding);
    for (const [name, padded] of Object.entries(expected)) {
      expect(found[name], `${name} is there`).toBeDefined();
      // What has a value for each step has none here.
      if (found[name]!.length > 0 || padded.length === 0) expect(plain(found[name]!), name).toEqual(plain(padded));
    }
  });

  const empty = [
    { title: 'no sequences', setting: { ...values, steps: 3, lengths: [] } },
    { title: 'neither steps nor sequences', setting: { ...values, steps: 0, lengths: [] } },
  ];
  for (const { title, setting } of empty) {
    it.each(cases.filter(({ needsSteps }) => !needsSteps || setting.steps > 0))(`${title}: $title`, async (test) => {
      if (!backend) return;
      const found = await runOn(backend, test, setting);
      const names = Object.keys(await runOn(backend, test, ordinary)).filter((name) => !name.startsWith('row '));
      for (const name of names) {
        expect(found[name], `${name} is there`).toBeDefined();
        // The mean over no sequences is NaN, as in PyTorch.
        if (name !== 'mean')
          expect(
            plain(found[name]!).filter((value) => value !== 0),
            name,
          ).toEqual([]);
      }
    });
  }
});

/** Without the sign of 0. */
function plain(found: ArrayLike<number>): number[] {
  return Array.from(found, (value) => value + 0);
}
