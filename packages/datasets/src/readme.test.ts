import { runExamples } from '@timestep/tooling-vitest/readme';
import { expect, test } from 'vitest';

test('the examples of the README print what it says', async () => {
  const examples = await runExamples(new URL('../README.md', import.meta.url));
  expect(examples).toHaveLength(4);
  for (const { printed, expected } of examples) expect(printed).toBe(expected);
});
