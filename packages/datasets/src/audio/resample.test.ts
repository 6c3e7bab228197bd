import { expect, test } from 'vitest';
import { amplitudeAt, tone } from '../testing/tones.ts';
import { createResampler, resample } from './resample.ts';

test.each([
  [44_100, 8000],
  [22_050, 8000],
  [8000, 16_000],
  [48_000, 44_100],
  [8000, 7333.3],
])('a tone in the pass band is the same tone at the new rate: %i to %i Hz', (from, to) => {
  const frequency = 0.3 * Math.min(from, to);
  const output = resample(tone(frequency, from, from / 4), from, to);
  expect(output.length).toBe(Math.ceil((Math.floor(from / 4) * to) / from));
  const expected = tone(frequency, to, output.length);
  // The ends lean on samples that are not there.
  const edge = Math.ceil(40 * Math.max(1, to / from));
  for (let n = edge; n < output.length - edge; n++) expect(Math.abs(output[n]! - expected[n]!)).toBeLessThan(2e-4);
});

test.each([4400, 5000, 7000, 9000])(
  'a tone of %i Hz, above the new Nyquist frequency, leaves no alias',
  (frequency) => {
    const output = resample(tone(frequency, 22_050, 22_050), 22_050, 8000);
    const alias = frequency < 8000 ? 8000 - frequency : frequency - 8000;
    expect(amplitudeAt(output.subarray(400, -400), alias, 8000)).toBeLessThan(1e-4);
    const loudest = output.subarray(400, -400).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(loudest).toBeLessThan(1e-3);
  },
);

test('a constant stays one at every phase', () => {
  const output = createResampler(1.37)(new Float32Array(400).fill(0.7));
  for (let n = 40; n < output.length - 40; n++) expect(output[n]).toBeCloseTo(0.7, 6);
});

test('the same rate copies, no samples give none, and bad arguments are refused', () => {
  const samples = Float32Array.of(1, 2, 3);
  const copy = resample(samples, 8000, 8000);
  expect(copy).toEqual(samples);
  expect(copy).not.toBe(samples);
  expect(resample(new Float32Array(0), 8000, 16_000).length).toBe(0);
  expect(() => resample(samples, 0, 8000)).toThrow(/from to be a finite number > 0/u);
  expect(() => createResampler(NaN)).toThrow(/step to be a finite number > 0/u);
  expect(() => createResampler(1, { zeroCrossings: 0 })).toThrow(/zeroCrossings/u);
  expect(() => createResampler(1, { rolloff: 1.1 })).toThrow(/rolloff/u);
});
