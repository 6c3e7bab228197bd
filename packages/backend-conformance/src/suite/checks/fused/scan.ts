import type { Check } from '../../check.ts';
import { disciplineChecks, fusedChecks, type FusedCase } from '../../fused-case.ts';
import { TestRandom } from '../../random.ts';

interface ScanOptions {
  readonly steps: number;
  readonly width: number;
  readonly reverse?: boolean;
  readonly initial?: boolean;
  readonly wanted?: readonly string[];
}

export function scanCase(
  { steps, width, reverse = false, initial = true, wanted }: ScanOptions,
  seed = 131,
): FusedCase {
  const random = new TestRandom(seed);
  const size = steps * width;
  return {
    spec: { steps, width, reverse },
    // |a| < 1, as gates are: the recurrence forgets, and errors with it.
    inputs: {
      a: random.floats(size, -0.9, 0.9),
      b: random.floats(size),
      initial: initial ? random.floats(width) : null,
    },
    upstream: { h: random.floats(size) },
    ...(wanted ? { wanted } : {}),
  };
}

const cases: Readonly<Record<string, ScanOptions>> = {
  'odd sizes': { steps: 7, width: 5 },
  'odd sizes in reverse': { steps: 7, width: 5, reverse: true },
  'one step': { steps: 1, width: 3 },
  'one step in reverse': { steps: 1, width: 3, reverse: true },
  'one column': { steps: 33, width: 1 },
  'no steps': { steps: 0, width: 4 },
  'no columns': { steps: 3, width: 0 },
  'no initial state': { steps: 6, width: 9, initial: false },
  'no initial state in reverse': { steps: 6, width: 9, initial: false, reverse: true },
  'many steps': { steps: 1000, width: 6 },
  'many steps in reverse': { steps: 1025, width: 6, reverse: true },
  'many columns': { steps: 3, width: 70_001 },
  'only a is wanted': { steps: 9, width: 4, wanted: ['a'] },
  'only b is wanted': { steps: 9, width: 4, wanted: ['b'] },
  'only the initial state is wanted': { steps: 9, width: 4, wanted: ['initial'] },
};

export const scanChecks: readonly Check[] = [
  ...Object.entries(cases).flatMap(([title, options]) => fusedChecks('linearScan', title, () => scanCase(options))),
  ...disciplineChecks('linearScan', (seed) => scanCase({ steps: 12, width: 5 }, seed)),
];
