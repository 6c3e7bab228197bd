import { expect, test } from 'vitest';
import { characterErrorRate, confusionPairs, digitErrorRate, wordErrorRate } from './error-rate.ts';

test('edits are summed before they are divided', () => {
  const { rate, ...counts } = characterErrorRate(['hello', 'a'], ['hallo!', '']);
  expect(counts).toEqual({ edits: 3, substitutions: 1, insertions: 1, deletions: 1, referenceLength: 6 });
  expect(rate).toBe(0.5);
});

test('words are separated by any white space', () => {
  expect(wordErrorRate(['the  cat\tsat\n'], [' the cat'])).toMatchObject({
    edits: 1,
    deletions: 1,
    referenceLength: 3,
  });
  expect(wordErrorRate([['new york', 'is']], [['new york', 'was']])).toMatchObject({
    substitutions: 1,
    referenceLength: 2,
  });
});

test('digits only', () => {
  expect(digitErrorRate(['3 1-4'], ['314'])).toMatchObject({ edits: 0, referenceLength: 3 });
  expect(digitErrorRate([['3', '1', '4']], [['3', '4']])).toMatchObject({ edits: 1, deletions: 1 });
});

test('nothing read from nothing is no error, something is infinitely wrong', () => {
  expect(characterErrorRate([''], ['']).rate).toBe(0);
  expect(characterErrorRate([], []).rate).toBe(0);
  expect(characterErrorRate([''], ['x']).rate).toBe(Infinity);
});

test('confusion pairs come most frequent first, with the right ones on request', () => {
  const references = ['15', '59', '7', ''];
  const hypotheses = ['19', '99', '', '0'];
  expect(confusionPairs(references, hypotheses)).toEqual([
    { reference: '5', hypothesis: '9', count: 2 },
    { reference: '7', hypothesis: null, count: 1 },
    { reference: null, hypothesis: '0', count: 1 },
  ]);
  expect(confusionPairs(references, hypotheses, { matches: true })).toContainEqual({
    reference: '1',
    hypothesis: '1',
    count: 1,
  });
  expect(confusionPairs(['a b'], ['a c'], { unit: 'word' })).toEqual([{ reference: 'b', hypothesis: 'c', count: 1 }]);
});

test('lists of different length are refused', () => {
  expect(() => characterErrorRate(['a'], [])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
