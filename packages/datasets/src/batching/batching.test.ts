import { Generator } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { bucketByLength } from './bucket.ts';
import { batchSequences, batchTargets } from './sequence-batch.ts';

const random = new Generator(9);
const sequence = (steps: number, size: number) => ({
  data: Float32Array.from({ length: steps * size }, () => random.normal()),
  steps,
  size,
});

describe('batches', () => {
  test('lie time first, with zeros past each length', () => {
    const sequences = [sequence(3, 4), sequence(5, 4), sequence(0, 4)];
    const { data, shape, lengths } = batchSequences(sequences);
    expect(shape).toEqual([5, 3, 4]);
    expect([...lengths]).toEqual([3, 5, 0]);
    for (let t = 0; t < 5; t++) {
      for (let n = 0; n < 3; n++) {
        for (let d = 0; d < 4; d++) expect(data[(t * 3 + n) * 4 + d]).toBe(sequences[n]!.data[t * 4 + d] ?? 0);
      }
    }
  });

  test('do not mix sizes, and are not empty', () => {
    expect(() => batchSequences([sequence(2, 3), sequence(2, 4)])).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
    );
    expect(() => batchSequences([])).toThrow(/at least one/u);
  });

  test('of targets are padded to the longest; empty targets are legal', () => {
    expect(batchTargets([[1, 2, 3], [], [4]])).toEqual({
      targets: Int32Array.of(1, 2, 3, 0, 0, 0, 4, 0, 0),
      lengths: Int32Array.of(3, 0, 1),
      maxLength: 3,
    });
    expect(batchTargets([[], []])).toEqual({ targets: new Int32Array(0), lengths: new Int32Array(2), maxLength: 0 });
  });
});

describe('buckets', () => {
  const lengths = Array.from({ length: 203 }, () => 10 + random.integer(90));

  test('hold every sequence once', () => {
    for (const source of [undefined, new Generator(1)]) {
      const batches = bucketByLength(lengths, { batchSize: 8, window: 4, ...(source ? { random: source } : {}) });
      expect(batches.flat().toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
      expect(batches.filter((batch) => batch.length !== 8).length).toBe(1);
    }
  });

  test('pad less than random batches do', () => {
    const padded = (batches: number[][]) =>
      batches.reduce((sum, batch) => sum + batch.length * Math.max(...batch.map((i) => lengths[i]!)), 0);
    const used = lengths.reduce((sum, length) => sum + length, 0);
    const mixed = padded(bucketByLength(lengths, { batchSize: 8, random: new Generator(2), window: 1 }));
    const sorted = padded(bucketByLength(lengths, { batchSize: 8, random: new Generator(2), window: 13 }));
    expect((sorted - used) / (mixed - used)).toBeLessThan(0.5);
  });

  test('come in a new order each time, the same for one seed', () => {
    const draw = (seed: number) => bucketByLength(lengths, { batchSize: 8, random: new Generator(seed) });
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
    const source = new Generator(5);
    expect(bucketByLength(lengths, { batchSize: 8, random: source })).not.toEqual(
      bucketByLength(lengths, { batchSize: 8, random: source }),
    );
  });

  test('without a random source run from the longest to the shortest', () => {
    const order = bucketByLength(lengths, { batchSize: 10 })
      .flat()
      .map((i) => lengths[i]!);
    expect(order).toEqual(lengths.toSorted((a, b) => b - a));
  });

  test('can leave out what does not fill a batch', () => {
    expect(
      bucketByLength(lengths, { batchSize: 8, dropLast: true, random: new Generator(6) }).every(
        (batch) => batch.length === 8,
      ),
    ).toBe(true);
    expect(bucketByLength([], { batchSize: 8 })).toEqual([]);
    expect(() => bucketByLength(lengths, { batchSize: 0 })).toThrow(/batchSize/u);
    expect(() => bucketByLength(lengths, { batchSize: 1, window: 0 })).toThrow(/window/u);
  });
});
