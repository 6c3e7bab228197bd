import { expect, test } from 'vitest';
import { encode } from './alphabet.ts';

test('characters are numbered in their order, astral ones as one', () => {
  const { alphabet, symbols } = encode('ba🌧a\r\n', 1);
  expect(alphabet).toEqual(['\n', 'a', 'b', '🌧']);
  expect([...symbols]).toEqual([2, 1, 3, 1, 0]);
});

test('a text that is too short is refused', () => {
  expect(() => encode('short', 6)).toThrow('The text has 5 characters; give it at least 6.');
});
