import type { Backend, FusedOpName } from '@timestep/backend-api';

/**
 * What a backend promises about NaN and infinity.
 *
 * `ieee`: arithmetic makes, carries and compares them as IEEE 754 says: ln 0 is −∞, 0/0 is NaN, NaN equals nothing.
 *
 * `undefined`: the device's language may assume that none occurs (WGSL, section "Floating Point Evaluation"). Then
 * - where the contract's result is NaN, anything is accepted,
 * - where it is ±∞, an infinity or a finite sentinel of that sign and of magnitude 10³⁰ or more,
 * - checks whose subject is the arithmetic of NaN (comparisons, argmax, clamp …) are skipped with this reason.
 *
 * Under both, bits that the host wrote survive every operation that only moves data (copy, gather, select, read), a
 * value behind a mask, a length or an unset flag never reaches a result, and `isFinite` and `globalNorm` tell
 * non-finite values from finite ones (by their bits, where comparisons cannot be trusted).
 */
export type NonFinite = 'ieee' | 'undefined';

/** A backend as the suite is handed it. */
export interface Subject {
  readonly name: string;
  create(): Backend | Promise<Backend>;
  /** `ieee` by default */
  readonly nonFinite?: NonFinite;
  /**
   * Beginnings of check names which must run: a missing fused operation, or a case that `supports` refuses, then fails
   * instead of being skipped. `['lstmSequence']` asks for every variant, `['']` for everything.
   */
  readonly required?: readonly string[];
  /**
   * Checks that this backend is known to fail, each with the reason. They are run all the same, and one that passes is a
   * failure: take it off the list then.
   */
  readonly knownFailures?: Readonly<Record<string, string>>;
}

export interface CheckContext {
  readonly backend: Backend;
  /** The oracle. */
  readonly reference: Backend;
  readonly nonFinite: NonFinite;
  /** One more backend of the kind under test; the check disposes it. */
  create(): Promise<Backend>;
}

/** One thing that a backend must do right. It throws where the backend does not. */
export interface Check {
  /** `operation: what is asked of it`; stable, so that a report or a broken backend can name it. */
  readonly name: string;
  /** The fused operation it is about. */
  readonly op?: FusedOpName;
  /** Its subject is the arithmetic of NaN and infinity. */
  readonly ieee?: boolean;
  run(context: CheckContext): Promise<void>;
}

/** Thrown by a check whose case the backend refuses, with the reason that `supports` gave. */
export class SkipCheck extends Error {
  override readonly name = 'SkipCheck';
}

/** Thrown by a check that found something wrong. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** Throws a CheckFailure unless `condition` holds. */
export function expectThat(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CheckFailure(message);
}
