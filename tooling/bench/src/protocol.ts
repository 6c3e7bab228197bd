import type { Case, Digest } from './case.ts';

/** Requests and replies between the benchmark and a contestant: one line of JSON each, over stdin and stdout. */
export type Request =
  | { readonly type: 'prepare'; readonly case: Case }
  | { readonly type: 'time'; readonly repeats: number }
  | { readonly type: 'memory' };

export interface Hello {
  readonly version: string;
  /** The hardware and libraries, in one line. */
  readonly device: string;
}

/** The case is ready, was run once, and gave this; or it cannot be done, for this reason. */
export type Prepared = { readonly digest: Digest; readonly milliseconds: number } | { readonly unsupported: string };

export interface Timed {
  /** Of each run. */
  readonly milliseconds: readonly number[];
}

export interface Memory {
  /** Resident bytes before the case was prepared, and the peak since. */
  readonly idleBytes: number;
  readonly peakBytes: number;
}

/**
 * A contestant whose runs take longer than this (TensorFlow.js: up to a minute) has one round and one warm-up: its
 * noise is small beside its ratio.
 */
export const slowMilliseconds = 4000;
