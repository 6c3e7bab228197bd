import { runExamples } from '@timestep/tooling-vitest/readme';
import { expect, it } from 'vitest';

it('the example of the README prints what it says', async () => {
  const examples = await runExamples(new URL('../README.md', import.meta.url));
  expect(examples).toHaveLength(1);
  for (const { printed, expected } of examples) expect(printed).toBe(expected);
});
