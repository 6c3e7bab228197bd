import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../test-support/reference.ts';
import { Generator } from './generator.ts';
import { threefry2x32 } from './threefry.ts';

describe('Threefry-2x32', () => {
  // The known answers of the Random123 distribution, 20 rounds.
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)('key %j, counter %j', (key, [low, high], expected) => {
    expect(threefry2x32(key, low, high)).toEqual(expected);
  });
});

describe('Generator', () => {
  it('makes the same words on a device as on the host, across 2³² blocks', async () => {
    const backend = createReferenceBackend();
    const generator = new Generator(2 ** 40 + 9);
    generator.state = { ...generator.state, counter: 2 ** 32 - 2 };
    const { key, counter } = generator.state;
    const words = await generator.bits(backend, [7]).data();
    const expected = [0, 1, 2, 3].flatMap((block) =>
      threefry2x32(key, (counter + block) >>> 0, Math.floor((counter + block) / 2 ** 32)),
    );
    expect([...words]).toEqual(expected.slice(0, 7));
    expect(generator.state.counter).toBe(counter + 4);
  });

  it('continues from a snapshot, also in the middle of a pair of normal deviates', () => {
    const generator = new Generator(3);
    generator.normal();
    const copy = new Generator(0);
    copy.state = JSON.parse(JSON.stringify(generator.state)) as typeof generator.state;
    expect([copy.normal(), copy.uniform(), copy.integer(100)]).toEqual([
      generator.normal(),
      generator.uniform(),
      generator.integer(100),
    ]);
  });

  it('has the mean and deviation it is asked for', () => {
    const generator = new Generator(4);
    const values = generator.fillNormal(new Float32Array(40_000), 2, 3);
    const mean = values.reduce((total, value) => total + value) / values.length;
    const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean - 2)).toBeLessThan(5 * (3 / Math.sqrt(40_000)));
    expect(Math.abs(variance - 9)).toBeLessThan(5 * 9 * Math.sqrt(2 / 40_000));
  });

  it('permutes every element once and spreads integers evenly', () => {
    const generator = new Generator(5);
    expect([...generator.permutation(100)].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[generator.integer(6)]!++;
    for (const count of counts)
      expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(60_000 * (1 / 6) * (5 / 6)));
  });

  it('forks into streams that differ', () => {
    const generator = new Generator(6);
    const draws = ['a', 'b', 'data', 'dropout'].map((label) => generator.fork(label).uniform());
    expect(new Set([...draws, generator.uniform()]).size).toBe(5);
    expect(generator.fork('a').uniform()).toBe(draws[0]);
  });
});
