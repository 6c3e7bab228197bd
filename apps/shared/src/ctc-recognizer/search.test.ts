import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inFolder } from '../test-support/folder.ts';
import { searchReadings } from './search.ts';
import type { Reading } from './read.ts';

/** Two steps of blank, a and b. */
const probabilities = [
  [0.5, 0.28, 0.22],
  [0.5, 0.28, 0.22],
];
const reading: Reading = { labels: [], spans: [], logits: Float32Array.from(probabilities.flat(), Math.log), steps: 2 };

test('without the settings the readings stay as they are', async () => {
  const readings = [reading];
  expect(await searchReadings(readings, ['a', 'b'], { beam: 0, lm: '' })).toBe(readings);
});

test('a beam sums over paths: "a" beats the blank that is best in each step', async () => {
  // p("") = 0.25; p("a") = 0.28² + 2·0.28·0.5 = 0.358.
  const [found] = await searchReadings([reading], ['a', 'b'], { beam: 8, lm: '' });
  expect(found!.labels).toEqual([0]);
  expect(found!.spans).toHaveLength(1);
  expect(found!.logits).toBe(reading.logits);
});

test('a language model decides between the likely ones', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'b.arpa');
    await writeFile(file, '\\data\\\nngram 1=4\n\n\\1-grams:\n-1 <s>\n-0.6 </s>\n-3 a\n-0.01 b\n\n\\end\\\n');
    const [found] = await searchReadings([reading], ['a', 'b'], { beam: 0, lm: file });
    expect(found!.labels).toEqual([1]);
    await expect(searchReadings([reading], ['a', 'b'], { beam: 0, lm: join(folder, 'none.arpa') })).rejects.toThrow(
      /--lm: cannot read .*none\.arpa \(ENOENT\)/u,
    );
    await writeFile(file, 'nonsense');
    await expect(searchReadings([reading], ['a', 'b'], { beam: 0, lm: file })).rejects.toThrow(/data/u);
  }));
