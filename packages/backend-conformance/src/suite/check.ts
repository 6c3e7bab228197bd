import type { Backend, FusedOpName } from '@timestep/backend-api';

/**
 * How a backend treats NaN and infinity.
 *
 * `ieee`: arithmetic follows IEEE 754: ln 0 is −∞, 0/0 is NaN, and NaN equals nothing.
 *
 * `undefined`: the device's language may assume that they never occur (WGSL, section "Floating Point Evaluation"). Then
 * - if the expected result is NaN, any value is accepted,
 * - if it is ±∞, an infinity or a finite value of that sign and of magnitude 10³⁰ or more is accepted,
 * - checks of the arithmetic of NaN (comparisons, argmax, clamp …) are skipped with this reason.
 *
 * In both cases, operations that only move data (copy, gather, select, read) keep the bits that the host wrote; a value
 * behind a mask, a length or an unset flag never reaches a result; and `isFinite` and `globalNorm` distinguish
 * non-finite from finite values (by their bits, if comparisons are not reliable).
 */
export type NonFinite = 'ieee' | 'undefined';

/** A backend to test. */
export interface Subject {
  readonly name: string;
  create(): Backend | Promise<Backend>;
  /** `ieee` by default */
  readonly nonFinite?: NonFinite;
  /**
   * Prefixes of names of checks that must not be skipped: a missing fused operation, or a case that `supports` refuses,
   * fails instead. `['lstmSequence']` requires every variant, `['']` everything.
   */
  readonly required?: readonly string[];
}

/** The backends that a check works with. */
export interface CheckContext {
  readonly backend: Backend;
  /** The float64 reference backend. */
  readonly reference: Backend;
  readonly nonFinite: NonFinite;
  /** Creates another backend of the kind under test. The check disposes it. */
  create(): Promise<Backend>;
}

/** A check of one requirement. `run` throws if the backend does not meet it. */
export interface Check {
  /** `operation: requirement`; stable, so that a report or a broken backend can refer to it. */
  readonly name: string;
  /** The fused operation that is tested. */
  readonly op?: FusedOpName;
  /** True if the check tests the arithmetic of NaN and infinity. */
  readonly ieee?: boolean;
  run(context: CheckContext): Promise<void>;
}

/**
 * Thrown by a check if the backend refuses its case, with the reason from `supports`.
 *
 * @example
 * ```ts
 * throw new SkipCheck('projections are not supported');
 * ```
 */
export class SkipCheck extends Error {
  override readonly name = 'SkipCheck';
}

/**
 * Thrown by a check that fails.
 *
 * @example
 * ```ts
 * throw new CheckFailure('expected 3 elements, got 4');
 * ```
 */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** Throws a CheckFailure unless `condition` is true. */
export function expectThat(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CheckFailure(message);
}
