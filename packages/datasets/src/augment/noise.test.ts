import { Generator } from '@timestep/core';
import { expect, test } from 'vitest';
import { amplitudeAt, tone } from '../testing/tones.ts';
import { addNoise, changeGain, makeNoise, rootMeanSquare } from './noise.ts';

/** Mean power near a frequency, over many places. */
function powerNear(samples: Float32Array, frequency: number): number {
  let sum = 0;
  for (let i = 0; i < 40; i++) sum += amplitudeAt(samples.subarray(i * 1000, i * 1000 + 1000), frequency, 8000) ** 2;
  return sum / 40;
}

test.each([
  ['white', 0],
  ['pink', 1],
  ['brown', 2],
] as const)('%s noise falls as 1/f^%i', (color, exponent) => {
  const noise = makeNoise(40_000, color, new Generator(4));
  expect(noise.length).toBe(40_000);
  expect(rootMeanSquare(noise)).toBeCloseTo(1, 4);
  const slope = Math.log(powerNear(noise, 200) / powerNear(noise, 1600)) / Math.log(8);
  expect(Math.abs(slope - exponent)).toBeLessThan(0.35);
});

test('noise is added at its ratio, read round and round', () => {
  const speech = tone(300, 8000, 8000);
  const noise = makeNoise(777, 'white', new Generator(5));
  const heard = addNoise(speech, noise, 12, 700);
  const added = heard.map((value, i) => value - speech[i]!);
  expect(20 * Math.log10(rootMeanSquare(speech) / rootMeanSquare(added))).toBeCloseTo(12, 0);
  expect(added[77]! / added[0]!).toBeCloseTo(noise[0]! / noise[700]!, 2);
  expect(added[777]).toBeCloseTo(added[0]!, 5);
});

test('silence stays silent, and silent noise changes nothing', () => {
  expect([...addNoise(new Float32Array(3), Float32Array.of(1, -1), 0)]).toEqual([0, 0, 0]);
  expect([...addNoise(Float32Array.of(1, 2), new Float32Array(2), 0)]).toEqual([1, 2]);
  expect(rootMeanSquare(new Float32Array(0))).toBe(0);
});

test('gain is in decibels', () => {
  expect(changeGain(Float32Array.of(0.1), 20)[0]).toBeCloseTo(1, 6);
  expect(changeGain(Float32Array.of(1), -6.0206)[0]).toBeCloseTo(0.5, 5);
});

test('bad arguments are refused', () => {
  expect(() => makeNoise(0, 'pink', new Generator(1))).toThrow(/length/u);
  expect(() => addNoise(Float32Array.of(1), new Float32Array(0), 10)).toThrow(/at least one sample/u);
});
