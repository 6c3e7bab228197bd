import { Generator } from '@timestep/core';
import { rootMeanSquare } from '@timestep/datasets';
import { expect, test } from 'vitest';
import { toneRecordings } from '../test-support/recordings.ts';
import { sampleRate } from './recordings.ts';
import { bySpeaker, drawRecordings, joinRecordings } from './utterances.ts';

test('1 to 5 recordings of one speaker, each number, speaker and digit as often as the others', () => {
  const random = new Generator(3);
  const speakers = bySpeaker(toneRecordings(['ann', 'bob', 'cyd'], [5, 6]));
  const counts = new Array<number>(6).fill(0);
  const digits = new Array<number>(10).fill(0);
  const voices = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const drawn = drawRecordings(speakers, random);
    counts[drawn.length]!++;
    for (const { digit } of drawn) digits[digit]!++;
    expect(new Set(drawn.map(({ speaker }) => speaker)).size).toBe(1);
    voices.set(drawn[0]!.speaker, (voices.get(drawn[0]!.speaker) ?? 0) + 1);
  }
  // Five standard deviations of a binomial count.
  const expectNear = (count: number, total: number, share: number) =>
    expect(Math.abs(count - total * share)).toBeLessThan(5 * Math.sqrt(total * share * (1 - share)));
  expect(counts[0]).toBe(0);
  for (let length = 1; length <= 5; length++) expectNear(counts[length]!, 3000, 1 / 5);
  const total = digits.reduce((sum, count) => sum + count, 0);
  for (const count of digits) expectNear(count, total, 1 / 10);
  for (const count of voices.values()) expectNear(count, 3000, 1 / 3);
});

test('pauses are 20 to 150 ms of low noise, and the recordings stay as they are', () => {
  const random = new Generator(4);
  const recordings = toneRecordings(['ann'], [5]);
  const pauses: number[] = [];
  for (let i = 0; i < 300; i++) {
    const parts = [recordings[i % 10]!, recordings[(3 * i) % 10]!];
    const { samples, digits, speaker } = joinRecordings(parts, random);
    expect(digits).toEqual(parts.map(({ digit }) => digit));
    expect(speaker).toBe('ann');
    const [first, second] = parts.map((one) => one.samples) as [Float32Array, Float32Array];
    const pause = samples.subarray(first.length, samples.length - second.length);
    pauses.push(pause.length / sampleRate);
    expect(samples.subarray(0, first.length)).toEqual(first);
    expect(samples.subarray(samples.length - second.length)).toEqual(second);
    const below = 20 * Math.log10(rootMeanSquare(first) / rootMeanSquare(pause));
    expect(below).toBeGreaterThan(40);
    expect(below).toBeLessThan(50);
  }
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0.02);
  expect(Math.min(...pauses)).toBeLessThan(0.025);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(0.15);
  expect(Math.max(...pauses)).toBeGreaterThan(0.145);
  // A lone recording has none.
  expect(joinRecordings([recordings[0]!], random).samples).toEqual(recordings[0]!.samples);
});
