import type { Ink } from '../ink/ink.ts';

/** A character that a person wrote. */
export interface Sample {
  readonly label: string;
  readonly writer: string;
  readonly ink: Ink;
}
