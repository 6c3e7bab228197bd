import { expect, test } from 'vitest';
import { editDistance } from './edit-distance.ts';
import { randomInteger, randomSource } from './test-support/random.ts';

function bruteForce(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length;
  const [first, ...restA] = a;
  const [second, ...restB] = b;
  if (first === second) return bruteForce(restA, restB);
  return 1 + Math.min(bruteForce(restA, restB), bruteForce(restA, b), bruteForce(a, restB));
}

test('the distance is the fewest edits, and the alignment makes them', () => {
  const random = randomSource(1);
  for (let round = 0; round < 2000; round++) {
    const a = Array.from({ length: randomInteger(random, 6) }, () => randomInteger(random, 3));
    const b = Array.from({ length: randomInteger(random, 6) }, () => randomInteger(random, 3));
    const result = editDistance(a, b);
    expect(result.distance).toBe(bruteForce(a, b));
    expect(result.distance).toBe(result.substitutions + result.insertions + result.deletions);
    expect(result.alignment.filter(({ kind }) => kind !== 'insertion').map(({ reference }) => reference)).toEqual(a);
    expect(result.alignment.filter(({ kind }) => kind !== 'deletion').map(({ hypothesis }) => hypothesis)).toEqual(b);
    expect(result.alignment.filter(({ kind }) => kind === 'substitution')).toHaveLength(result.substitutions);
    expect(result.alignment.filter(({ kind }) => kind === 'deletion')).toHaveLength(result.deletions);
    for (const { kind, reference, hypothesis } of result.alignment) {
      if (kind === 'match') expect(reference).toBe(hypothesis);
      if (kind === 'substitution') expect(reference).not.toBe(hypothesis);
    }
  }
});

test('names the edits of a known pair', () => {
  expect(editDistance('kitten', 'sitting')).toMatchObject({
    distance: 3,
    substitutions: 2,
    insertions: 1,
    deletions: 0,
  });
  expect(editDistance('3141', '341').alignment.map(({ kind }) => kind)).toEqual([
    'match',
    'deletion',
    'match',
    'match',
  ]);
});

test('a character outside the basic plane is one token', () => {
  expect(editDistance('a𝄞b', 'ab')).toMatchObject({ distance: 1, deletions: 1 });
});
