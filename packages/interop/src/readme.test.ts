import { runExamples } from '@timestep/tooling-vitest/readme';
import { expect, it } from 'vitest';

it('the examples of the README print what they say', async () => {
  const examples = await runExamples(new URL('../README.md', import.meta.url));
  expect(examples).toHaveLength(2);
  for (const { printed, expected } of examples) expect(printed).toBe(expected);
});
