import type { Random } from './random.ts';

/** A kind of file and its reader: all that the driver knows of either. */
export interface Format {
  /** Whole files, small and different: what the damaged ones are made from. Made by code, the same on every call. */
  readonly seeds: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /**
   * Damages a file in the way that reaches deep into its reader, such as a header's JSON with its length put right
   * again. `mutateBytes` by default, which three of ten files get in any case.
   */
  readonly mutate?: (bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]) => Uint8Array;
  /** Reads a file as a user would; what it returns is dropped. */
  readonly read: (bytes: Uint8Array) => unknown;
  /** Whether an error that `read` threw is one that its docstring promises. */
  readonly isTyped: (error: unknown) => boolean;
}
