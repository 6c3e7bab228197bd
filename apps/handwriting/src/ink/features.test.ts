import { Generator } from '@timestep/core';
import { expect, test } from 'vitest';
import { drawText } from '../data/drawing.ts';
import { featureCount, framePoints, inkFeatures, normalizeInk, stepLength } from './features.ts';
import { boxOf, distance, type Ink, mapPoints, type Point } from './ink.ts';

const word = drawText('handwriting', new Generator(5), 'futural');

/** The largest difference of two feature sequences of one length. */
function difference(a: Ink, b: Ink): number {
  const [x, y] = [inkFeatures(a), inkFeatures(b)];
  expect(y.steps).toBe(x.steps);
  return x.data.reduce((most, value, i) => Math.max(most, Math.abs(value - y.data[i]!)), 0);
}

test('place and size do not matter', () => {
  expect(
    difference(
      word,
      mapPoints(word, ([x, y]): Point => [3 * x + 100, 3 * y - 7]),
    ),
  ).toBeLessThan(1e-3);
});

test('slant and slope are taken out', () => {
  const steep = (ink: Ink) => {
    let [along, up] = [0, 0];
    for (const stroke of normalizeInk(ink)) {
      for (let i = 1; i < stroke.length; i++) {
        const [dx, dy] = [stroke[i]![0] - stroke[i - 1]![0], stroke[i]![1] - stroke[i - 1]![1]];
        if (Math.abs(dy) > 2 * Math.abs(dx)) {
          along += dx * Math.sign(dy);
          up += Math.abs(dy);
        }
      }
    }
    return along / up;
  };
  const slanted = mapPoints(word, ([x, y]): Point => [x + 0.4 * y, y]);
  expect(Math.abs(steep(slanted))).toBeLessThan(0.15);
  const climbing = mapPoints(word, ([x, y]): Point => [x, y + 0.2 * x]);
  const { top, bottom, right } = boxOf(normalizeInk(climbing))!;
  const { top: top0, bottom: bottom0, right: right0 } = boxOf(normalizeInk(word))!;
  expect((top - bottom) / right).toBeLessThan(1.4 * ((top0 - bottom0) / right0));
});

test('frames lie a step apart along the strokes, whatever the speed of the hand', () => {
  const line: Ink = [
    [
      [0, 0],
      [0.011, 0],
      [0.5, 0],
      [0.97, 0],
    ],
    [[2, 2]],
  ];
  const points = framePoints(line);
  const first = points.filter(({ at }) => at[1] === 0);
  for (let i = 1; i < first.length - 1; i++)
    expect(distance(first[i - 1]!.at, first[i]!.at)).toBeCloseTo(stepLength, 9);
  expect(points.map(({ lifted }) => lifted)).toEqual([true, ...new Array(first.length - 1).fill(false), true]);
  expect(first.at(-1)!.at[0]).toBeGreaterThan(0.97 - stepLength);
});

test('every feature is finite and of the order of 1, for dots and lines too', () => {
  for (const ink of [
    word,
    [[[3, 3]]],
    [
      [
        [0, 0],
        [5, 0],
      ],
    ],
    [
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    ],
    [
      [],
      [
        [1, 1],
        [2, 2],
      ],
    ],
  ] as Ink[]) {
    const { data, steps, size } = inkFeatures(ink);
    expect(size).toBe(featureCount);
    expect(data.length).toBe(steps * size);
    expect(steps).toBeGreaterThan(0);
    for (const value of data) expect(Math.abs(value)).toBeLessThan(20);
  }
});

test('ink without points or with a NaN is refused', () => {
  expect(() => inkFeatures([])).toThrow(/expected strokes with at least one point/u);
  expect(() => inkFeatures([[]])).toThrow(/at least one point/u);
  expect(() => inkFeatures([[[1, NaN]]])).toThrow(/finite coordinates, got \(1, NaN\)/u);
});
