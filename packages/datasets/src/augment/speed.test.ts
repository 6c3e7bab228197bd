import { Generator } from '@timestep/core';
import { expect, test } from 'vitest';
import { amplitudeAt, loudestFrequency, tone } from '../testing/tones.ts';
import { changePitch, changeSpeed, changeTempo } from './speed.ts';

const rate = 8000;
const middle = (samples: Float32Array) => samples.subarray(400, -400);

/** A vowel: 120 Hz and its harmonics, swelling and fading. */
function vowel(length: number): Float32Array {
  const sum = new Float32Array(length);
  for (let k = 1; k <= 12; k++)
    tone(120 * k, rate, length).forEach((value, n) => (sum[n]! += (value / k) * Math.sin((Math.PI * n) / length)));
  return sum;
}

test.each([0.8, 1.25])('speed %f scales length and frequency together', (factor) => {
  const output = changeSpeed(tone(600, rate, 4000), factor);
  expect(output.length).toBe(4000 / factor);
  expect(loudestFrequency(middle(output), rate, 400, 900, 1)).toBeCloseTo(600 * factor, 0);
  expect(amplitudeAt(middle(output), 600 * factor, rate)).toBeCloseTo(1, 2);
});

test.each([0.75, 1.3])('tempo %f changes the length alone', (factor) => {
  const output = changeTempo(vowel(6000), rate, factor);
  expect(output.length).toBe(Math.round(6000 / factor));
  for (const harmonic of [120, 360, 840])
    expect(loudestFrequency(middle(output), rate, harmonic - 50, harmonic + 50, 1)).toBeCloseTo(harmonic, -0.5);
  // Pieces that did not match would cancel: the loudest harmonic keeps most of its strength.
  expect(amplitudeAt(output, 120, rate)).toBeGreaterThan(0.8 * amplitudeAt(vowel(6000), 120, rate));
});

test('tempo 1 and recordings shorter than a piece stay as they are', () => {
  const samples = vowel(500);
  expect(changeTempo(samples, rate, 1)).toEqual(samples);
  expect(changeTempo(samples.slice(0, 200), rate, 1.5)).toEqual(samples.slice(0, 200));
  expect(changeTempo(new Float32Array(0), rate, 1.5).length).toBe(0);
});

test.each([0.85, 1.2])('pitch %f changes the frequency alone', (factor) => {
  const output = changePitch(vowel(6000), rate, factor);
  expect(Math.abs(output.length - 6000)).toBeLessThanOrEqual(1);
  expect(loudestFrequency(middle(output), rate, 80, 180, 1)).toBeCloseTo(120 * factor, -0.5);
});

test('noise in stays finite, and factors out of range are refused', () => {
  const random = new Generator(8);
  const noise = Float32Array.from({ length: 3000 }, () => random.normal());
  for (const output of [changeTempo(noise, rate, 0.6), changePitch(noise, rate, 1.4), changeSpeed(noise, 1.1)]) {
    expect(output.every((value) => Number.isFinite(value))).toBe(true);
    const power = output.reduce((sum, value) => sum + value * value, 0) / output.length;
    expect(power).toBeGreaterThan(0.5);
    expect(power).toBeLessThan(1.3);
  }
  expect(() => changeSpeed(noise, 0)).toThrow(/factor/u);
  expect(() => changeTempo(noise, rate, 5)).toThrow(/factor/u);
  expect(() => changePitch(noise, rate, NaN)).toThrow(/factor/u);
});
