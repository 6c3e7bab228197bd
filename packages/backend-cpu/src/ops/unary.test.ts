import type { UnaryOp } from '@timestep/backend-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCpuBackend, type CpuBackend } from '../index.ts';
import { randomSource } from '../test-support/sequence-case.ts';

interface Accuracy {
  readonly op: UnaryOp;
  readonly exact: (x: number) => number;
  /** Arguments are spread evenly over low…high, and by magnitude from 10⁻³⁰ to high on both sides of 0. */
  readonly low: number;
  readonly high: number;
  /** Units in the last place of the exact result */
  readonly ulps: number;
}

/** The accuracy that the kernels' comments promise. */
const promises: readonly Accuracy[] = [
  { op: 'exp', exact: Math.exp, low: -86.8, high: 88.7, ulps: 2 },
  { op: 'expm1', exact: Math.expm1, low: -30, high: 88.7, ulps: 3 },
  { op: 'log', exact: Math.log, low: 0, high: 3e38, ulps: 2 },
  { op: 'log1p', exact: Math.log1p, low: -0.999, high: 1e30, ulps: 3 },
  { op: 'tanh', exact: Math.tanh, low: -10, high: 10, ulps: 3 },
  { op: 'sigmoid', exact: (x) => 1 / (1 + Math.exp(-x)), low: -86.8, high: 88, ulps: 3 },
  { op: 'softplus', exact: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), low: -86, high: 100, ulps: 4 },
  { op: 'sin', exact: Math.sin, low: -1000, high: 1000, ulps: 1 },
  { op: 'cos', exact: Math.cos, low: -1000, high: 1000, ulps: 1 },
];

const count = 100_000;

function argumentsOf({ low, high }: Accuracy): Float32Array {
  const next = randomSource(3);
  return Float32Array.from({ length: count }, (_, n) => {
    const uniform = (next() + 1) / 2;
    if (n % 2 === 0) return low + (high - low) * uniform;
    const magnitude = 10 ** (-30 + (30 + Math.log10(high)) * uniform);
    return n % 4 === 1 || -magnitude < low ? magnitude : -magnitude;
  });
}

/** The distance of `actual` from `exact`, in units of the last place of a float32 beside `exact`. */
function ulpsBetween(actual: number, exact: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(exact))), -126);
  return Math.abs(actual - exact) / 2 ** (exponent - 23);
}

describe.each(['auto', false] as const)('with relaxed SIMD: %s', (relaxedSimd) => {
  let backend: CpuBackend;

  beforeAll(async () => {
    backend = await createCpuBackend({ threads: 1, relaxedSimd });
  });
  afterAll(() => backend.dispose());

  test.each(promises)('$op is within $ulps ulp', async (promise) => {
    const x = argumentsOf(promise);
    const [input, out] = [backend.alloc('f32', count), backend.alloc('f32', count)];
    backend.write(input, x);
    backend.unary(promise.op, input, out, 0, 0);
    const y = await backend.read(out);
    let worst = { ulps: 0, x: 0 };
    x.forEach((value, n) => {
      const ulps = ulpsBetween(y[n]!, promise.exact(value));
      if (!(ulps <= worst.ulps)) worst = { ulps, x: value };
    });
    expect(worst.ulps, `at x = ${worst.x}`).toBeLessThanOrEqual(promise.ulps);
  });

  test('power is within 1 ulp, for negative bases and integers too', async () => {
    const next = randomSource(4);
    const bases = Float32Array.from({ length: count }, (_, n) => (n % 8 === 0 ? -1 : 1) * 10 ** (30 * next()));
    const exponents = Float32Array.from(bases, (x, n) => {
      const exponent = (37 * next()) / Math.log10(Math.abs(x));
      return n % 8 === 0 || n % 5 === 0 ? Math.trunc(exponent) : exponent;
    });
    const [x, y, out] = [backend.alloc('f32', count), backend.alloc('f32', count), backend.alloc('f32', count)];
    backend.write(x, bases);
    backend.write(y, exponents);
    backend.binary('power', { buffer: x, strides: [1] }, { buffer: y, strides: [1] }, out, [count]);
    const z = await backend.read(out);
    const ulps = bases.map((base, n) => ulpsBetween(z[n]!, base ** exponents[n]!));
    expect(Math.max(...ulps)).toBeLessThanOrEqual(1);
  });

  test('power follows IEEE 754 at zeros, infinities and NaN', async () => {
    const corners = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 1e-40, 3e38, -3e38, Infinity, -Infinity, NaN];
    const pairs = corners.flatMap((a) => corners.map((b) => [a, b] as const));
    const [x, y, out] = [
      backend.alloc('f32', pairs.length),
      backend.alloc('f32', pairs.length),
      backend.alloc('f32', pairs.length),
    ];
    backend.write(
      x,
      pairs.map(([a]) => a),
    );
    backend.write(
      y,
      pairs.map(([, b]) => b),
    );
    backend.binary('power', { buffer: x, strides: [1] }, { buffer: y, strides: [1] }, out, [pairs.length]);
    const z = await backend.read(out);
    pairs.forEach(([a, b], n) => {
      // JavaScript makes NaN of (±1)^NaN and (±1)^±∞, as the contract leaves open.
      const exact = Math.fround(a) ** Math.fround(b);
      if (Math.abs(a) === 1 && Number.isNaN(exact)) return;
      const agrees = Object.is(z[n], Math.fround(exact)) || ulpsBetween(z[n]!, exact) <= 1;
      expect(agrees, `${a} to the power of ${b}: expected ${exact}, got ${z[n]}`).toBe(true);
    });
  });

  test('exp is 0 or infinite past its range, and monotonous at both ends', async () => {
    const x = Float32Array.of(
      -Infinity,
      -1e30,
      -87.4,
      -87,
      -86.9,
      -86.8,
      -86.7,
      88.6,
      88.7,
      88.72,
      88.73,
      89,
      1e30,
      Infinity,
    );
    const [input, out] = [backend.alloc('f32', x.length), backend.alloc('f32', x.length)];
    backend.write(input, x);
    backend.unary('exp', input, out, 0, 0);
    const y = [...(await backend.read(out))];
    expect(y.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(y.slice(10)).toEqual([Infinity, Infinity, Infinity, Infinity]);
    expect(y.slice(7, 10).every(Number.isFinite)).toBe(true);
    expect(y).toEqual(y.toSorted((a, b) => a - b));
  });
});
