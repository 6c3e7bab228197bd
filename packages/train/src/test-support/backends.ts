import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import type { Backend } from '@timestep/core';

interface TestBackend {
  readonly name: string;
  create(): Promise<Backend>;
  /** How close a result must be to one in float64: |got − want| ≤ relative·|want| + absolute. */
  readonly relative: number;
  readonly absolute: number;
}

/** The backends that every test of this package runs on; the tolerances are those of the project for optimiser runs. */
export const backends: readonly TestBackend[] = [
  { name: 'reference', create: () => Promise.resolve(createReferenceBackend()), relative: 1e-11, absolute: 1e-11 },
];

/** The largest violation of a tolerance, as a multiple of it: at most 1 is right, NaN is wrong. */
export function worst(got: ArrayLike<number>, want: ArrayLike<number>, { relative, absolute }: { relative: number; absolute: number }): number {
  if (got.length !== want.length) return NaN;
  let most = 0;
  for (let i = 0; i < got.length; i++) {
    const ratio = Math.abs(got[i]! - want[i]!) / (relative * Math.abs(want[i]!) + absolute);
    if (Number.isNaN(ratio)) return NaN;
    most = Math.max(most, ratio);
  }
  return most;
}
