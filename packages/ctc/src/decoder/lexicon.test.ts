import { expect, test } from 'vitest';
import { readLexicon } from './lexicon.ts';
import { kthLargest } from './select.ts';
import { randomInteger, randomSource } from '../test-support/random.ts';

test('a lexicon is a line a spelling', () => {
  expect(readLexicon('hello h e l l o |\r\n\n  world\tw o\n')).toEqual([
    ['hello', ['h', 'e', 'l', 'l', 'o', '|']],
    ['world', ['w', 'o']],
  ]);
  expect(() => readLexicon('a b\nlonely')).toThrow(
    expect.objectContaining({ code: 'MALFORMED_LEXICON', message: expect.stringContaining('line 2') as string }),
  );
});

test('selection finds what sorting would', () => {
  const random = randomSource(41);
  for (let round = 0; round < 2000; round++) {
    const values = Float64Array.from({ length: 1 + randomInteger(random, 12) }, () =>
      random() < 0.1 ? -Infinity : randomInteger(random, 6),
    );
    const k = 1 + randomInteger(random, values.length);
    const expected = values.toSorted((a, b) => b - a)[k - 1]!;
    expect(kthLargest(values, values.length, k)).toBe(expected);
    expect(values.slice(0, k).every((value) => value >= expected)).toBe(true);
  }
});
