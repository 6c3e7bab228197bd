import { runExamples } from '@timestep/tooling-vitest/readme';
import { expect, test } from 'vitest';

// This package cannot depend on @timestep/train, which the example uses; tooling/packaging does.
test('the example of the README prints what it says', async () => {
  const examples = await runExamples(
    new URL('../README.md', import.meta.url),
    new URL('../../../tooling/packaging/', import.meta.url),
  );
  expect(examples).toHaveLength(1);
  for (const { printed, expected } of examples) expect(printed).toBe(expected);
});
