import { ArgumentError, Generator } from '@timestep/core';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createLogMel } from './log-mel.ts';
import { deltas, joinFeatures, toCepstra } from './mfcc.ts';

/** Made by tooling/fixtures/cepstra.py. */
const fixture = JSON.parse(readFileSync(new URL('./fixtures/cepstra.json', import.meta.url), 'utf8')) as {
  steps: number;
  size: number;
  data: number[];
  cepstra: number[];
  deltas5: number[];
  deltas9: number[];
};
const features = { data: Float32Array.from(fixture.data), steps: fixture.steps, size: fixture.size };

/** Sums of 6 and 8 products of numbers below 4, rounded to float32 once: 2^-24·32. */
function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6));
}

describe('cepstra', () => {
  test('are the orthonormal cosine transform of SciPy', () => {
    const { data, steps, size } = toCepstra(features, { coefficients: 4 });
    expect([steps, size]).toEqual([9, 4]);
    expectClose(data, fixture.cepstra);
  });

  test('keep all lengths where all of them are kept', () => {
    const { data } = toCepstra(features, { coefficients: 6 });
    const energy = (values: Float32Array) => values.reduce((sum, value) => sum + value ** 2, 0);
    expect(energy(data)).toBeCloseTo(energy(features.data), 4);
  });

  test('are lifted as HTK does it', () => {
    const [plain, lifted] = [0, 22].map((lifter) => toCepstra(features, { coefficients: 5, lifter }).data);
    lifted!.forEach((value, i) =>
      expect(value).toBeCloseTo(plain![i]! * (1 + 11 * Math.sin((Math.PI * (i % 5)) / 22)), 4),
    );
  });

  test('of a sound: 13 of 40 bands', () => {
    const random = new Generator(1);
    const sound = Float32Array.from({ length: 1600 }, () => random.uniform(-1, 1));
    expect(toCepstra(createLogMel({ sampleRate: 8000 })(sound))).toMatchObject({ size: 13, steps: 18 });
  });
});

describe('deltas', () => {
  test.each([
    [undefined, fixture.deltas5],
    [9, fixture.deltas9],
  ])('over %s steps are those of torchaudio and librosa', (width, expected) => {
    expectClose(deltas(features, { width }).data, expected);
  });

  test('of a line are its slope, and of one step nothing', () => {
    const line = { data: Float32Array.from({ length: 20 }, (_, t) => 3 * t), steps: 20, size: 1 };
    expect([...deltas(line).data.subarray(2, 18)]).toEqual(new Array(16).fill(3));
    expect([...deltas({ data: Float32Array.of(4, 5), steps: 1, size: 2 }, { width: 9 }).data]).toEqual([0, 0]);
    expect(deltas({ data: new Float32Array(0), steps: 0, size: 3 }).steps).toBe(0);
  });
});

test('features of the same steps are put side by side', () => {
  const joined = joinFeatures([features, deltas(features)]);
  expect(joined.size).toBe(12);
  expect([...joined.data.subarray(12, 18)]).toEqual([...features.data.subarray(6, 12)]);
  expect([...joined.data.subarray(18, 24)]).toEqual([...deltas(features).data.subarray(6, 12)]);
});

test.each([
  () => toCepstra(features, { coefficients: 7 }),
  () => toCepstra(features, { coefficient: 3 } as never),
  () => toCepstra({ ...features, steps: 8 }),
  () => deltas(features, { width: 4 }),
  () => deltas(features, { width: 1 }),
  () => joinFeatures([]),
  () => joinFeatures([features, { data: new Float32Array(6), steps: 1, size: 6 }]),
])('wrong arguments are refused (%#)', (call) => {
  expect(call).toThrow(ArgumentError);
});
