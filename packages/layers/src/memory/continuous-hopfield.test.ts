import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, tensor, zeros } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { checkGradients, randomLeaf } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { ContinuousHopfield } from './continuous-hopfield.ts';

const backend = createReferenceBackend();
const generator = new Generator(6);

describe('the continuous Hopfield network', () => {
  it('is attention over its patterns: one update equals the equation in a loop', () =>
    leakChecked(backend, async () => {
      using memory = new ContinuousHopfield({ backend, numPatterns: 5, patternSize: 3, beta: 0.7, generator });
      const patterns = (await memory.patterns.array()) as number[][];
      const query = randomLeaf(backend, [2, 2, 3], generator);
      const got = (await memory.forward(query).array()) as number[][][];
      for (const [n, row] of ((await query.array()) as number[][][]).flat().entries()) {
        const weights = patterns.map((pattern) =>
          Math.exp(0.7 * pattern.reduce((sum, value, d) => sum + value * row[d]!, 0)),
        );
        const total = weights.reduce((a, b) => a + b);
        got.flat()[n]!.forEach((value, d) =>
          expect(value).toBeCloseTo(
            patterns.reduce((sum, pattern, m) => sum + (weights[m]! / total) * pattern[d]!, 0),
            12,
          ),
        );
      }
    }));

  it('has the gradients of finite differences, of the recall and of the energy', () =>
    leakChecked(backend, async () => {
      using memory = new ContinuousHopfield({ backend, numPatterns: 4, patternSize: 3, beta: 2, steps: 2, generator });
      const query = randomLeaf(backend, [2, 3], generator);
      await checkGradients({ query, patterns: memory.patterns }, () => [memory.forward(query), memory.energy(query)]);
    }));

  it('never raises its energy', () =>
    leakChecked(backend, async () => {
      using memory = new ContinuousHopfield({ backend, numPatterns: 30, patternSize: 8, beta: 1, generator });
      let state = randomLeaf(backend, [20, 8], generator).detach();
      let before = await memory.energy(state).data();
      for (let step = 0; step < 10; step++) {
        state = memory.forward(state);
        const after = await memory.energy(state).data();
        after.forEach((energy, n) => expect(energy).toBeLessThanOrEqual(before[n]! + 1e-12));
        expect(after.every((energy) => energy >= 0)).toBe(true);
        before = after;
      }
    }));

  it('recalls from damage, in one update, 100 times as many patterns as 0.138 a unit', () =>
    leakChecked(backend, async () => {
      const [count, size] = [900, 64];
      using memory = new ContinuousHopfield({ backend, numPatterns: count, patternSize: size, beta: 1 });
      const patterns = Float64Array.from({ length: count * size }, () => (generator.integer(2) === 0 ? -1 : 1));
      memory.patterns.assign(patterns);
      const damaged = patterns.map((spin, k) => (k % size < 8 ? -spin : spin));
      const recalled = await memory.forward(tensor(backend, damaged, { shape: [count, size] })).data();
      const right = Array.from({ length: count }, (_, m) =>
        patterns.subarray(m * size, (m + 1) * size).every((spin, d) => Math.sign(recalled[m * size + d]!) === spin),
      ).filter(Boolean).length;
      expect(right / count).toBeGreaterThan(0.99);
    }));

  it('says what does not fit', () => {
    using memory = new ContinuousHopfield({ backend, numPatterns: 2, patternSize: 3 });
    expect(() => memory.forward(zeros(backend, [2, 4]))).toThrow(
      '[ContinuousHopfield] expected x of shape [..., 3], got [2, 4]; pass patternSize: 4',
    );
    expect(() => new ContinuousHopfield({ backend, numPatterns: 2, patternSize: 3, beta: 0 })).toThrow(
      '[ContinuousHopfield] expected beta to be a finite number > 0, got 0',
    );
  });
});
