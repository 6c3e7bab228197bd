import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { HopfieldNetwork } from './hopfield.ts';

const draw = (size: number, generator: Generator): Int8Array =>
  Int8Array.from({ length: size }, () => (generator.integer(2) === 0 ? -1 : 1));
const overlap = (a: Int8Array, b: Int8Array): number => a.reduce((sum, spin, i) => sum + spin * b[i]!, 0) / a.length;

function damaged(pattern: Int8Array, flips: number, generator: Generator): Int8Array {
  const order = generator.permutation(pattern.length);
  const copy = pattern.slice();
  for (let k = 0; k < flips; k++) copy[order[k]!]! *= -1;
  return copy;
}

describe("Hopfield's network", () => {
  it('recalls a few patterns from damaged ones, in both ways of updating', () => {
    const generator = new Generator(1);
    const network = new HopfieldNetwork(200);
    const patterns = Array.from({ length: 8 }, () => draw(200, generator));
    for (const pattern of patterns) network.store(pattern);
    for (const update of ['asynchronous', 'synchronous'] as const) {
      for (const pattern of patterns) {
        const { state, settled } = network.recall(damaged(pattern, 40, generator), { update, generator });
        expect(settled).toBe(true);
        expect(overlap(state, pattern)).toBe(1);
      }
    }
  });

  it('has weights after Hebb, and an energy that is the sum over all pairs', () => {
    const network = new HopfieldNetwork(3);
    network.store([1, -1, 1]);
    network.store([1, 1, 1]);
    expect([...network.weights]).toEqual([0, 0, 2 / 3, 0, 0, 0, 2 / 3, 0, 0]);
    expect(network.energy([1, -1, 1])).toBeCloseTo(-2 / 3, 12);
    expect(network.energy([1, 1, -1])).toBeCloseTo(2 / 3, 12);
  });

  it('never raises its energy unit by unit, from any state and however full', () => {
    const generator = new Generator(2);
    for (const count of [1, 10, 40]) {
      const network = new HopfieldNetwork(60);
      for (let k = 0; k < count; k++) network.store(draw(60, generator));
      for (let trial = 0; trial < 50; trial++) {
        const { energies, settled, state } = network.recall(draw(60, generator), { generator });
        expect(settled).toBe(true);
        energies.slice(1).forEach((energy, k) => expect(energy).toBeLessThanOrEqual(energies[k]! + 1e-12));
        expect(network.energy(state)).toBeCloseTo(energies.at(-1)!, 10);
      }
    }
  });

  it('may swing between two states where all units change at once, and says so', () => {
    const network = new HopfieldNetwork(2);
    network.store([1, 1]);
    const { settled, state } = network.recall([1, -1], { update: 'synchronous', maxSweeps: 7 });
    expect(settled).toBe(false);
    expect([...state]).toEqual([-1, 1]);
  });

  it('loses its memory near 0.138 patterns a unit', () => {
    const size = 1000;
    const generator = new Generator(3);
    const network = new HopfieldNetwork(size);
    const patterns: Int8Array[] = [];
    const quality = (load: number): number => {
      while (patterns.length < load * size) {
        patterns.push(draw(size, generator));
        network.store(patterns.at(-1)!);
      }
      const some = patterns.slice(0, 60);
      return (
        some.reduce((sum, pattern) => sum + overlap(network.recall(pattern, { generator }).state, pattern), 0) /
        some.length
      );
    };
    const loads = [0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.18, 0.2];
    const measured = loads.map(quality);
    expect(measured[0]).toBeGreaterThan(0.98);
    expect(measured.at(-1)).toBeLessThan(0.5);
    // In the limit of large N the overlap is 0.967 at the capacity and breaks down behind it; a finite network breaks
    // down more smoothly, so the place where the measured overlap falls through 0.967 is the estimate.
    const after = measured.findIndex((value) => value < 0.967);
    const share = (measured[after - 1]! - 0.967) / (measured[after - 1]! - measured[after]!);
    const capacity = loads[after - 1]! + share * (loads[after]! - loads[after - 1]!);
    expect(Math.abs(capacity - 0.138)).toBeLessThan(0.01);
  });

  it('says what is no state', () => {
    const network = new HopfieldNetwork(2);
    expect(() => network.store([1, 0])).toThrow(
      '[HopfieldNetwork.store] unit 1 is 0, expected −1 or 1; map 0 to −1 first',
    );
    expect(() => network.recall([1])).toThrow('[HopfieldNetwork.recall] expected 2 units, got 1');
  });
});
