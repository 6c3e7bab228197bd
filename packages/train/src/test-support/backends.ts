import { createCpuBackend } from '@timestep/backend-cpu';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import type { Backend } from '@timestep/core';

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/**
 * How close results must be to those in float64, |got − want| ≤ relative·|want| + absolute, for gradients and runs of
 * an optimizer.
 */
interface TestBackend extends Tolerance {
  readonly name: string;
  create(): Promise<Backend>;
  /** The same for losses. */
  readonly forward: Tolerance;
}

/** The backends that every test of this package runs on; the tolerances are the project's. */
export const backends: readonly TestBackend[] = [
  {
    name: 'reference',
    create: () => Promise.resolve(createReferenceBackend()),
    relative: 1e-11,
    absolute: 1e-11,
    forward: { relative: 1e-12, absolute: 1e-12 },
  },
  {
    name: 'cpu',
    create: () => createCpuBackend(),
    relative: 1e-4,
    absolute: 1e-5,
    forward: { relative: 1e-5, absolute: 1e-6 },
  },
];

/** The largest violation of a tolerance, as a multiple of it: at most 1 is right, NaN is wrong. */
export function worst(got: ArrayLike<number>, want: ArrayLike<number>, { relative, absolute }: Tolerance): number {
  if (got.length !== want.length) return NaN;
  let most = 0;
  for (let i = 0; i < got.length; i++) {
    const ratio = Math.abs(got[i]! - want[i]!) / (relative * Math.abs(want[i]!) + absolute);
    if (Number.isNaN(ratio)) return NaN;
    most = Math.max(most, ratio);
  }
  return most;
}
