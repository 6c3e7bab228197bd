/** One sentence. */
export interface Example {
  readonly text: string;
  readonly intent: string;
  /** One for each word; null where the data have intents alone */
  readonly tags: readonly string[] | null;
}

export type Examples = readonly Example[];
