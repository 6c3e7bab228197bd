/** One sentence and whether it is positive. */
export interface Example {
  readonly text: string;
  readonly positive: boolean;
}

export type Examples = readonly Example[];
