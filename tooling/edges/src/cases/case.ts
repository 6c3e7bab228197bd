import type { FusedMode } from '@timestep/core';
import type { Found, Trial } from '../trial.ts';

/** One way to use something that takes lengths. */
export interface EdgeCase {
  readonly title: string;
  /** The exports that it covers, as `package/name`. */
  readonly covers: readonly string[];
  readonly run: (trial: Trial, fused: FusedMode) => Found | Promise<Found>;
  /** No steps are an error. */
  readonly needsSteps?: boolean;
  /** A slow backend may leave it out: another case is like it. */
  readonly more?: boolean;
  /** It computes on the host, or leaves the device to others that are covered: one backend will do. */
  readonly hostOnly?: boolean;
}

export function covers(name: string, ...exports: string[]): string[] {
  return exports.map((one) => `${name}/${one}`);
}
