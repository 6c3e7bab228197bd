import { Generator } from '@timestep/core';
import { expect, test } from 'vitest';
import { normalizeFeatures, stackFrames } from './features.ts';

const generator = new Generator(5);
const features = { data: Float32Array.from({ length: 21 }, (_, i) => generator.normal(i % 3, 2)), steps: 7, size: 3 };
const column = (data: Float32Array, d: number) => [...data].filter((_, i) => i % 3 === d);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('each feature loses its mean, all share one deviation', () => {
  const { data } = normalizeFeatures(features, { epsilon: 0 });
  for (let d = 0; d < 3; d++) expect(mean(column(data, d))).toBeCloseTo(0, 5);
  expect(mean([...data].map((value) => value ** 2))).toBeCloseTo(1, 5);
  const [before, after] = [column(features.data, 0), column(data, 0)];
  const [other, otherAfter] = [column(features.data, 2), column(data, 2)];
  expect((before[0]! - before[1]!) / (other[0]! - other[1]!)).toBeCloseTo(
    (after[0]! - after[1]!) / (otherAfter[0]! - otherAfter[1]!),
    4,
  );
});

test('a gain and, by vector, a channel make no difference', () => {
  const heard = { ...features, data: features.data.map((value, i) => 0.5 + value + [1, -2, 0.3][i % 3]!) };
  const [a, b] = [normalizeFeatures(features), normalizeFeatures(heard)];
  a.data.forEach((value, i) => expect(b.data[i]).toBeCloseTo(value, 4));
  const [c, d] = [normalizeFeatures(features, { centre: 'all' }), normalizeFeatures(heard, { centre: 'all' })];
  expect(mean(column(c.data, 1)) - mean(column(c.data, 0))).not.toBeCloseTo(
    mean(column(d.data, 1)) - mean(column(d.data, 0)),
    1,
  );
});

test('constant and empty features give no NaN', () => {
  expect([...normalizeFeatures({ data: new Float32Array(6).fill(4), steps: 2, size: 3 }).data]).toEqual([
    0, 0, 0, 0, 0, 0,
  ]);
  expect(normalizeFeatures({ data: new Float32Array(0), steps: 0, size: 3 }).data.length).toBe(0);
});

test('stacking joins neighbours and repeats the last frame', () => {
  const stacked = stackFrames({ data: Float32Array.of(1, 2, 3, 4, 5, 6), steps: 3, size: 2 }, 2);
  expect(stacked).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6, 5, 6), steps: 2, size: 4 });
  expect(stackFrames(features, 1)).toEqual(features);
  expect(stackFrames({ data: new Float32Array(0), steps: 0, size: 2 }, 3).steps).toBe(0);
  expect(() => stackFrames(features, 0)).toThrow(/factor/u);
});
