import { Generator } from '@timestep/core';
import { expect, test } from 'vitest';
import { maskFrequency, maskTime } from './mask.ts';

const features = { data: Float32Array.from({ length: 60 }, (_, i) => i + 1), steps: 12, size: 5 };

test('a time mask hides whole steps and nothing else', () => {
  const random = new Generator(1);
  const widths = new Set<number>();
  for (let round = 0; round < 300; round++) {
    const { data } = maskTime(features, { count: 1, maxWidth: 4 }, random);
    const hidden = Array.from({ length: 12 }, (_, t) => data.subarray(t * 5, t * 5 + 5).every((value) => value === 0));
    data.forEach((value, i) => expect(value).toBe(hidden[Math.floor(i / 5)] ? 0 : i + 1));
    const width = hidden.filter(Boolean).length;
    if (width > 0) expect(hidden.lastIndexOf(true) - hidden.indexOf(true) + 1).toBe(width);
    widths.add(width);
  }
  expect([...widths].toSorted()).toEqual([0, 1, 2, 3, 4]);
  expect(features.data[7]).toBe(8);
});

test('a frequency mask hides the same features in every step', () => {
  const random = new Generator(2);
  const widths = new Set<number>();
  for (let round = 0; round < 100; round++) {
    const { data } = maskFrequency(features, { count: 1, maxWidth: 9, value: -1 }, random);
    const hidden = Array.from({ length: 5 }, (_, d) => data[d] === -1);
    data.forEach((value, i) => expect(value).toBe(hidden[i % 5] ? -1 : i + 1));
    widths.add(hidden.filter(Boolean).length);
  }
  // Never more than half of the five.
  expect([...widths].toSorted()).toEqual([0, 1, 2]);
});

test('no mask, no steps, bad arguments', () => {
  const random = new Generator(3);
  expect(maskTime(features, { count: 0, maxWidth: 4 }, random)).toEqual(features);
  expect(maskTime({ data: new Float32Array(0), steps: 0, size: 5 }, { count: 2, maxWidth: 4 }, random).steps).toBe(0);
  expect(() => maskTime(features, { count: -1, maxWidth: 4 }, random)).toThrow(/count/u);
  expect(() => maskFrequency(features, { count: 1, maxWidth: 1.5 }, random)).toThrow(/maxWidth/u);
});
