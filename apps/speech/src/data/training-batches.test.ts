import { createBatchMaker, type LabelledBatch } from '@timestep/app-shared';
import { expect, test } from 'vitest';
import { batchWorker } from '../shipped.ts';
import { toneRecordings } from '../test-support/recordings.ts';

import { defaultFeatures } from './features.ts';
import { createTrainingBatches, type TrainingBatchOptions } from './training-batches.ts';

const options: TrainingBatchOptions = {
  sources: [
    { recordings: toneRecordings(['ann', 'bob'], [5, 6]), share: 0.75 },
    { recordings: toneRecordings(['synthetic'], [5]), share: 0.25 },
  ],
  features: defaultFeatures,
  batchSize: 8,
  seed: 5,
};

test('a batch depends on the seed and its number alone', () => {
  const one = createTrainingBatches(options);
  const inOrder = [400, 401, 402, 407].map(one);
  const other = createTrainingBatches(options);
  for (const [place, index] of [
    [3, 407],
    [1, 401],
    [0, 400],
    [2, 402],
  ] as const)
    expect(other(index)).toEqual(inOrder[place]);
  const reseeded = createTrainingBatches({ ...options, seed: 6 })(400);
  expect(reseeded.data).not.toEqual(inOrder[0]!.data);
});

test('batches are finite, of 8 utterances of like length, of up to 5 digits; the first ones of one', () => {
  const make = createTrainingBatches(options);
  const seen = new Set<number>();
  for (let index = 300; index < 320; index++) {
    const { data, shape, lengths, labels } = make(index);
    expect(shape[1]).toBe(8);
    expect(shape[2]).toBe(defaultFeatures.bands);
    expect(shape[0]).toBe(Math.max(...lengths));
    expect(data.every((value) => Number.isFinite(value))).toBe(true);
    for (const { length } of labels) seen.add(length);
  }
  expect([...seen].sort()).toEqual([1, 2, 3, 4, 5]);
  expect(make(0).labels.every(({ length }) => length === 1)).toBe(true);
});

test('the other thread makes the same batches, and its errors arrive', async () => {
  const maker = createBatchMaker<LabelledBatch>(batchWorker, options);
  const here = createTrainingBatches(options);
  const there = await Promise.all([3, 4, 300].map((index) => maker.make(index)));
  expect(there).toEqual([3, 4, 300].map(here));
  await maker.close();
  await expect(maker.make(5)).rejects.toThrow(/has ended/u);
  const broken = createBatchMaker(batchWorker, { ...options, features: { ...defaultFeatures, windowSeconds: 0 } });
  await expect(broken.make(0)).rejects.toThrow(/window/u);
});
