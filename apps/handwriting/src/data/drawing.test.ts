import { Generator } from '@timestep/core';
import { expect, test } from 'vitest';
import { boxOf, mapPoints } from '../ink/ink.ts';
import { characters, fontNames, parsePath, readFont } from '../ink/fonts.ts';
import { drawText } from './drawing.ts';
import { joinSamples, type Writing } from './strings.ts';
import { createTrainingBatches } from './training-batches.ts';
import { heldOutText, heldOutWords, trainingText, trainingWords } from './words.ts';

test.each(fontNames)('%s has every character, a capital high and on its base line', (name) => {
  const font = readFont(name);
  expect([...font.keys()]).toEqual(characters);
  for (const [character, { ink, width }] of font) {
    const { left, right, bottom, top } = boxOf(ink)!;
    expect(left).toBeCloseTo(0, 9);
    expect(right).toBeCloseTo(width, 9);
    expect(top - bottom).toBeLessThan(2);
    expect(top).toBeGreaterThan(0.4);
    if (/[gpqy]/u.test(character)) expect(bottom).toBeLessThan(-0.1);
  }
  const { bottom, top } = boxOf(font.get('H')!.ink)!;
  expect([bottom, top]).toEqual([0, 1]);
});

test('paths of moves, lines and curves', () => {
  expect(parsePath('M9,1 L1,22 M9 1 L 17,22 -4 15')).toEqual([
    [
      [9, 1],
      [1, 22],
    ],
    [
      [9, 1],
      [17, 22],
      [-4, 15],
    ],
  ]);
  const [curve] = parsePath('M 0 0 C 0 1 1 1 1 0');
  expect(curve!.at(-1)).toEqual([1, 0]);
  expect(curve![3]![1]).toBeCloseTo(0.75, 9);
});

test('one seed draws one writing, another seed another', () => {
  const draw = (seed: number) => drawText('Pen42', new Generator(seed));
  expect(draw(3)).toEqual(draw(3));
  expect(draw(4)).not.toEqual(draw(3));
  for (let seed = 0; seed < 50; seed++)
    for (const stroke of draw(seed))
      for (const [x, y] of stroke) expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true);
});

test('gaps between characters are 0 to 0.3 of the width of the one before', () => {
  const random = new Generator(6);
  const box = (width: number, text: string): Writing => ({
    text,
    ink: mapPoints(
      [
        [
          [0, 0],
          [width, 0],
          [width, 1],
          [0, 1],
        ],
      ],
      ([x, y]) => [x + 40, y - 9],
    ),
  });
  const gaps: number[] = [];
  for (let i = 0; i < 400; i++) {
    const { text, ink } = joinSamples([box(2, 'a'), box(1, 'b')], random);
    expect(text).toBe('ab');
    gaps.push((boxOf([ink[1]!])!.left - boxOf([ink[0]!])!.right) / 2);
    expect(boxOf(ink)!.bottom).toBe(0);
  }
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  expect(Math.min(...gaps)).toBeLessThan(0.01);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(0.3);
  expect(Math.max(...gaps)).toBeGreaterThan(0.29);
});

test('words that are judged are not among those trained on', () => {
  expect(heldOutWords.filter((word) => trainingWords.includes(word))).toEqual([]);
  expect(heldOutWords.length).toBeGreaterThan(150);
  const random = new Generator(1);
  const trained = new Set(Array.from({ length: 4000 }, () => trainingText(random).toLowerCase()));
  const judged = Array.from({ length: 400 }, () => heldOutText(random).toLowerCase()).filter((text) =>
    heldOutWords.includes(text),
  );
  // Strings of letters in random order may by chance be a word of two letters.
  expect(judged.length).toBeGreaterThan(250);
  expect(judged.filter((text) => text.length > 3 && trained.has(text))).toEqual([]);
});

test('a batch depends on the seed and its number alone', () => {
  const samples = ['1', '2'].flatMap((writer) =>
    ['0', '1', '7'].map((label) => ({
      label,
      writer,
      ink: [
        [
          [0, 0],
          [1, Number(label)],
        ],
      ] as const,
    })),
  );
  const options = { samples, drawnShare: 0.3, alphabet: ['0', '1', '7'], batchSize: 6, seed: 3 };
  const inOrder = [0, 1, 2, 9].map(createTrainingBatches(options));
  const make = createTrainingBatches(options);
  for (const [place, index] of [
    [3, 9],
    [1, 1],
    [0, 0],
    [2, 2],
  ] as const)
    expect(make(index)).toEqual(inOrder[place]);
  for (const { data, shape, labels } of inOrder) {
    expect(shape[1]).toBe(6);
    expect(data.every((value) => Number.isFinite(value))).toBe(true);
    expect(labels.flat().every((label) => label < 3)).toBe(true);
  }
});
