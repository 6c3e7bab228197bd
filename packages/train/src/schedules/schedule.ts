/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How the learning rate changes over a run: one factor multiplies the rate of every group. */
export interface Schedule {
  /** Returns the factor of update `step`, counted from 0. */
  factor(step: number): number;
  /** Receives the metric of each validation, for schedules that depend on it. */
  observe?(metric: number): void;
  /** Returns the state that a resumed run needs besides the step. */
  state?(): Json;
  restore?(state: Json): void;
}
