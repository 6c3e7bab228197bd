import { describe, type HostArray } from '@timestep/backend-api';
import type { Accuracy } from './accuracy.ts';
import { CheckFailure, type NonFinite } from './check.ts';

/** The least magnitude of a finite number that counts as an infinity. */
const sentinel = 1e30;

/** Throws a CheckFailure that says where and by how much `actual` differs. f32 is compared as float32. */
export function compare(
  label: string,
  actual: HostArray,
  expected: HostArray,
  accuracy: Accuracy,
  nonFinite: NonFinite,
): void {
  if (actual.length !== expected.length)
    throw new CheckFailure(`${label}: expected ${expected.length} elements, got ${actual.length}`);
  if (kindOf(actual) !== kindOf(expected))
    throw new CheckFailure(`${label}: expected ${kindOf(expected)} elements, got ${describe(actual)}`);
  const floats = kindOf(expected) === 'f32';
  const scaleOf = scaling(accuracy, expected);
  let wrong = 0;
  let first = '';
  for (let n = 0; n < expected.length; n++) {
    if (accuracy.ignore?.(n)) continue;
    const e = floats ? Math.fround(expected[n]!) : expected[n]!;
    const a = floats ? Math.fround(actual[n]!) : actual[n]!;
    if (agrees(a, e, accuracy.relative * Math.abs(e) + accuracy.absolute * scaleOf(n), nonFinite)) continue;
    wrong += 1;
    if (first === '') {
      const allowed = accuracy.relative * Math.abs(e) + accuracy.absolute * scaleOf(n);
      first = `expected ${e}, got ${a} at element ${n}, allowed difference ${allowed.toPrecision(3)}`;
    }
  }
  if (wrong > 0) throw new CheckFailure(`${label}: ${first}; ${wrong} of ${expected.length} elements are wrong`);
}

function agrees(actual: number, expected: number, allowed: number, nonFinite: NonFinite): boolean {
  if (Number.isNaN(expected)) return nonFinite === 'undefined' || Number.isNaN(actual);
  if (Number.isFinite(expected)) return Math.abs(actual - expected) <= allowed;
  return (
    actual === expected ||
    (nonFinite === 'undefined' && Math.sign(actual) === Math.sign(expected) && Math.abs(actual) >= sentinel)
  );
}

function scaling({ scale = 1 }: Accuracy, expected: HostArray): (n: number) => number {
  if (typeof scale === 'number') return () => scale;
  if (scale !== 'largest') return (n) => scale[n]!;
  let largest = 1;
  for (const value of expected) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return () => largest;
}

function kindOf(values: HostArray): string {
  if (values instanceof Int32Array) return 'i32';
  return values instanceof Uint32Array ? 'u32' : 'f32';
}
