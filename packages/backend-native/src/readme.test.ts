import { runExamples } from '@timestep/tooling-vitest/readme';
import { expect, test } from 'vitest';
import { missingLibrary } from './test-support/libraries.ts';

test.skipIf(missingLibrary('onednn') !== null && missingLibrary('blas') !== null)(
  'the example prints what the README says',
  async () => {
    const examples = await runExamples(new URL('../README.md', import.meta.url));
    expect(examples).toHaveLength(1);
    for (const { printed, expected } of examples) expect(printed).toBe(expected);
  },
);
