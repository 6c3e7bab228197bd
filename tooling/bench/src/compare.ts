import type { Digest } from './case.ts';

/**
 * What differs between two contestants' results, in words; null where they agree. A projection on random numbers of
 * deviation 0.29 moves by about 0.29·‖difference‖; 1e-3 of the norm is far above float32 rounding over a few hundred
 * steps and far below a swapped gate or a gradient that was not made.
 */
export function difference(a: Digest, b: Digest, tolerance = 1e-3): string | null {
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [left, right] = [a[name], b[name]];
    if (!left || !right) return `'${name}' is missing on one side`;
    const scale = Math.max(left.norm, right.norm, 1e-12);
    const off = Math.max(Math.abs(left.projection - right.projection), Math.abs(left.norm - right.norm)) / scale;
    if (!(off <= tolerance)) return `'${name}' differs by ${off.toExponential(1)} of its norm`;
  }
  return null;
}
