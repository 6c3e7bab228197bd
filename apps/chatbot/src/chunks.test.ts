import { expect, it } from 'vitest';
import { chunkScores, chunksOf } from './chunks.ts';

const shown = (tags: string): string[] =>
  chunksOf(tags.split(' ')).map(({ type, start, end }) => `${type} ${start}–${end}`);

it.each([
  ['O B-a I-a O', ['a 1–3']],
  ['B-a B-a I-b', ['a 0–1', 'a 1–2', 'b 2–3']],
  ['I-a I-a O I-a', ['a 0–2', 'a 3–4']],
  ['S-DATE S-DATE B-PLACE E-PLACE O', ['DATE 0–1', 'DATE 1–2', 'PLACE 2–4']],
  ['B-a I-a E-a I-a', ['a 0–3', 'a 3–4']],
  ['B-fromloc.city_name I-fromloc.city_name', ['fromloc.city_name 0–2']],
  ['O O', []],
])('finds the chunks of %s', (tags, expected) => {
  expect(shown(tags)).toEqual(expected);
});

it('counts whole chunks, as conlleval does', () => {
  const split = (tags: string) => tags.split(' ');
  // By hand: 4 chunks are true, 3 are found, 2 of them right.
  const scores = chunkScores([
    [split('B-a I-a O B-b'), split('B-a I-a O B-b')],
    [split('B-a O O O'), split('B-a I-a O B-b')],
  ]);
  expect(scores).toMatchObject({ precision: 2 / 3, recall: 2 / 4, chunks: 4 });
  expect(scores.f1).toBeCloseTo(4 / 7, 12);
  expect(chunkScores([[['O'], ['O']]]).f1).toBe(0);
});
