import { expect } from 'vitest';

/**
 * Every number within 1e-5 relative and 1e-6 absolute of the expected one, the house's agreement in float32, or as
 * given.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  label = '',
  { relative = 1e-5, absolute = 1e-6 } = {},
): void {
  expect(actual.length, `${label}: length`).toBe(expected.length);
  for (let n = 0; n < expected.length; n++) {
    const allowed = absolute + relative * Math.abs(expected[n]!);
    if (!(Math.abs(actual[n]! - expected[n]!) <= allowed))
      expect.fail(`${label}: expected ${expected[n]}, got ${actual[n]} at element ${n}`);
  }
}
