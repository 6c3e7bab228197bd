/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How the learning rate changes over a run: every group's own rate is multiplied by one factor. */
export interface Schedule {
  /** The factor of the update number `step`, counted from 0. */
  factor(step: number): number;
  /** Is told the metric of each validation, for schedules that depend on it. */
  observe?(metric: number): void;
  /** What a resumed run needs besides the step. */
  state?(): Json;
  restore?(state: Json): void;
}
