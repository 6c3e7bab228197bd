import type { HostArray, Tensor } from '@timestep/core';
import { expect } from 'vitest';

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** The project's bars for f32 against PyTorch in float64, and for the float64 reference. */
export const single = {
  forward: { relative: 1e-5, absolute: 1e-6 },
  gradient: { relative: 1e-4, absolute: 1e-5 },
} as const;
export const double = {
  forward: { relative: 1e-11, absolute: 1e-12 },
  gradient: { relative: 1e-10, absolute: 1e-11 },
} as const;

/** Fails where an element is further from what is expected than the tolerance, and says which. */
export function expectClose(
  what: string,
  got: HostArray,
  expected: HostArray,
  { relative, absolute }: Tolerance,
): void {
  expect(got.length, `${what}: elements`).toBe(expected.length);
  const wrong = expected.findIndex((value, k) => !(Math.abs(got[k]! - value) <= absolute + relative * Math.abs(value)));
  expect
    .soft(wrong, wrong < 0 ? what : `${what}: element ${wrong} is ${got[wrong]}, expected ${expected[wrong]}`)
    .toBe(-1);
}

export async function expectTensor(
  what: string,
  got: Tensor | null | undefined,
  expected: { readonly shape: readonly number[]; readonly data: HostArray },
  tolerance: Tolerance,
): Promise<void> {
  expect(got?.shape, `${what}: shape`).toEqual(expected.shape);
  expectClose(what, await got!.data(), expected.data, tolerance);
}
