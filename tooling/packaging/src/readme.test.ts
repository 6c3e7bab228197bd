import { runExamples } from '@timestep/tooling-vitest/readme';
import { expect, test } from 'vitest';

// core cannot depend on the backend that its example uses, not even for tests: the backend's own tests depend on core.
test("the example of core's README prints what it says", async () => {
  const examples = await runExamples(
    new URL('../../../packages/core/README.md', import.meta.url),
    new URL('..', import.meta.url),
  );
  expect(examples).toHaveLength(1);
  for (const { printed, expected } of examples) expect(printed).toBe(expected);
});

test.each(['README.md', 'README.ko.md'])('the example of the %s at the top prints what it says', async (name) => {
  const examples = await runExamples(new URL(`../../../${name}`, import.meta.url), new URL('..', import.meta.url));
  expect(examples).toHaveLength(1);
  for (const { printed, expected } of examples) expect(printed).toBe(expected);
});
