import { Generator } from '@timestep/core';
import { expect, test } from 'vitest';
import { convolve, roomImpulse } from './room.ts';

const energy = (samples: Float32Array) => samples.reduce((sum, value) => sum + value * value, 0);

test('the echo has the energy and the decay that were asked for', () => {
  const impulse = roomImpulse(
    { sampleRate: 8000, reverberationSeconds: 0.5, directToReverberant: 6 },
    new Generator(2),
  );
  expect(impulse.length).toBe(4000);
  expect(impulse[0]).toBe(1);
  expect([...impulse.subarray(1, 16)]).toEqual(new Array(15).fill(0));
  expect(10 * Math.log10(energy(impulse.subarray(1)))).toBeCloseTo(-6, 3);
  // 60 dB over 4000 samples are 15 over each thousand.
  const fall = 10 * Math.log10(energy(impulse.subarray(500, 1500)) / energy(impulse.subarray(1500, 2500)));
  expect(Math.abs(fall - 15)).toBeLessThan(2);
});

test('convolution is the sum written out', () => {
  const random = new Generator(6);
  for (const [n, k] of [
    [50, 7],
    [7, 50],
    [1, 1],
    [64, 64],
    [2000, 90],
    [257, 129],
  ] as const) {
    const x = Float32Array.from({ length: n }, () => random.normal());
    const h = Float32Array.from({ length: k }, () => random.normal());
    const y = convolve(x, h);
    expect(y.length).toBe(n);
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < k && j <= i; j++) sum += h[j]! * x[i - j]!;
      expect(y[i]).toBeCloseTo(sum, 4);
    }
  }
});

test('bad arguments are refused', () => {
  expect(() =>
    roomImpulse({ sampleRate: 8000, reverberationSeconds: 0, directToReverberant: 0 }, new Generator(1)),
  ).toThrow(/reverberation/u);
  expect(() => convolve(new Float32Array(3), new Float32Array(0))).toThrow(/impulse/u);
});
