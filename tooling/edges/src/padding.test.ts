import { openScope, withFused, type Backend } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { edgeCases, withoutCase } from './cases/index.ts';
import { casesOf, subjects } from './subjects.ts';
import { whatTakesLengths } from './takes-lengths.ts';
import { Trial, type Found, type Setting } from './trial.ts';

/** One sequence is whole, one has no steps at all, and one step has nothing but padding behind it. */
const plain: Setting = { steps: 5, lengths: [3, 4, 0, 2], padding: 0.25, symbolPadding: 1, upstreamPadding: 0.5 };

const poisons: readonly (readonly [string, Partial<Setting>])[] = [
  ...[NaN, Infinity, -Infinity, 1e30, -1e30, 3e38].map((padding) => [`padding of ${padding}`, { padding }] as const),
  ['a symbol that is none', { symbolPadding: -7 }],
  ['a NaN in the gradient past a length', { upstreamPadding: NaN }],
  ['an infinite gradient past a length', { upstreamPadding: Infinity }],
];

/** All places at once: as strict, and without a run for each on a slow device. */
const fewPoisons: typeof poisons = [
  ['NaN in every padding', { padding: NaN, symbolPadding: -7, upstreamPadding: NaN }],
  ['∞ in every padding', { padding: Infinity, upstreamPadding: Infinity }],
];

it('every export that takes lengths has a case here', () => {
  const packages = ['core', 'layers', 'ctc', 'train'];
  const entryPoints = packages.map(
    (name) => [name, new URL(`../../../packages/${name}/src/index.ts`, import.meta.url)] as const,
  );
  const covered = new Set([...edgeCases.flatMap(({ covers }) => covers), ...Object.keys(withoutCase)]);
  expect(whatTakesLengths(Object.fromEntries(entryPoints)).filter((name) => !covered.has(name))).toEqual([]);
});

describe.each(subjects)('$name', (subject) => {
  const { fused, create } = subject;
  let backend: Backend | null;
  beforeAll(async () => {
    backend = await create();
  });
  afterAll(() => backend?.dispose());

  it.each(casesOf(subject))('$title: values past a length reach nothing', async ({ run }) => {
    if (!backend) return;
    const on = backend;
    const trial = async (setting: Setting): Promise<{ found: Found; trial: Trial }> => {
      using _scope = openScope(on);
      const made = new Trial(on, setting);
      return { found: await withFused(on, fused, () => run(made, fused)), trial: made };
    };
    const { found: expected, trial: first } = await trial(plain);
    expect(Object.keys(expected).length).toBeGreaterThan(0);
    for (const [gradient, padded] of first.paddings()) {
      const values = expected[gradient];
      expect(values, gradient).toBeDefined();
      expect(
        Array.from(values!).filter((value, index) => padded(index) && value !== 0),
        `${gradient} in the padding`,
      ).toEqual([]);
    }
    for (const [title, poison] of subject.slow ? fewPoisons : poisons) {
      const { found } = await trial({ ...plain, ...poison });
      for (const [result, values] of Object.entries(expected))
        expect(differences(found[result]!, values), `${title}: ${result}`).toEqual([]);
    }
  });
});

/** The elements that are not equal bit for bit. */
function differences(found: ArrayLike<number>, expected: ArrayLike<number>): string[] {
  if (found.length !== expected.length) return [`${found.length} elements for ${expected.length}`];
  return Array.from(expected).flatMap((value, index) =>
    Object.is(value, found[index]) ? [] : [`element ${index} is ${found[index]}, expected ${value}`],
  );
}
