import { describe, expect, it } from 'vitest';
import { Generator } from './generator.ts';
import {
  constant,
  kaimingNormal,
  kaimingUniform,
  normal,
  orthogonal,
  uniform,
  xavierNormal,
  xavierUniform,
  type Initializer,
} from './initializers.ts';

const draw = (initializer: Initializer, shape: number[], seed = 4): Float32Array =>
  initializer(shape, new Generator(seed));
const deviation = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe('initialisers', () => {
  it('draw the same from the same seed and something else from another', () => {
    expect(draw(normal(), [3, 4])).toEqual(draw(normal(), [3, 4]));
    expect(draw(normal(), [3, 4], 5)).not.toEqual(draw(normal(), [3, 4]));
  });

  // 12,000 draws: the deviation is within 2 % with a certainty far beyond any seed.
  it.each([
    ['uniform', uniform(-3, 3), 3 / Math.sqrt(3)],
    ['normal', normal(0, 0.7), 0.7],
    ['xavierUniform', xavierUniform(2), 2 * Math.sqrt(2 / (30 + 400))],
    ['xavierNormal', xavierNormal(), Math.sqrt(2 / (30 + 400))],
    ['kaimingUniform', kaimingUniform(1), Math.sqrt(1 / 30)],
    ['kaimingNormal', kaimingNormal(), Math.sqrt(2 / 30)],
  ] as const)('%s has the deviation of its formula', (_, initializer, expected) => {
    expect(deviation(draw(initializer, [400, 30])) / expected).toBeCloseTo(1, 1.4);
  });

  it('stay within their bounds, and count a kernel into the fans', () => {
    expect(largest(draw(kaimingUniform(Math.sqrt(5)), [8, 5, 5]))).toBeLessThanOrEqual(Math.fround(1 / 5));
    expect(largest(draw(xavierUniform(), [8, 5, 5]))).toBeGreaterThan(0.9 * Math.sqrt(6 / 65));
    expect(draw(constant(2), [3])).toEqual(Float32Array.of(2, 2, 2));
  });

  it.each([
    [6, 6],
    [3, 8],
    [9, 4],
  ])('orthogonal [%i, %i] has orthonormal rows or columns times the gain', (rows, columns) => {
    const values = draw(orthogonal(3), [rows, columns]);
    const at = (k: number, i: number): number =>
      rows <= columns ? values[k * columns + i]! : values[i * columns + k]!;
    for (let a = 0; a < Math.min(rows, columns); a++) {
      for (let b = 0; b < Math.min(rows, columns); b++) {
        let product = 0;
        for (let i = 0; i < Math.max(rows, columns); i++) product += at(a, i) * at(b, i);
        expect(product).toBeCloseTo(a === b ? 9 : 0, 5);
      }
    }
  });

  it('want a matrix where fans are needed', () => {
    expect(() => draw(orthogonal(), [4])).toThrow(
      '[orthogonal] expected a weight of at least 2 axes, got shape [4]; use uniform or constant for a vector',
    );
    expect(() => draw(xavierUniform(), [4])).toThrow('[xavierUniform]');
  });
});
