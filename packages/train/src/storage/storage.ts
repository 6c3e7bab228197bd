import { ArgumentError } from '@timestep/core';

/**
 * Where checkpoints and logs live: a few named files in one place. `fileStorage` of `@timestep/train/node` is a folder,
 * {@link memoryStorage} is gone with the program; anything with these methods will do.
 */
export interface Storage {
  /** The names of everything that was written whole. */
  list(): Promise<string[]>;
  /** @throws TrainError `STORAGE_FAILED`, also where there is no such name */
  read(name: string): Promise<Uint8Array>;
  /**
   * Writes the pieces one after another under `name`, all or nothing: at any moment, a power cut included, a reader
   * finds what was there before or what is there now.
   *
   * @throws TrainError `STORAGE_FULL` or `STORAGE_FAILED`; what was there before is still there
   */
  write(name: string, pieces: readonly Uint8Array[]): Promise<void>;
  /** Adds text to the end, all of it or, where it throws, nothing. */
  append(name: string, text: string): Promise<void>;
  /** Does nothing where there is no such name. */
  remove(name: string): Promise<void>;
  /** Removes what an interrupted write left behind. */
  clean?(): Promise<void>;
  /**
   * Takes the storage for one run, until the function that it gives is called, or the program ends in whatever way.
   *
   * @throws TrainError `STORAGE_LOCKED` where another run has it
   */
  lock?(): Promise<() => Promise<void>>;
}

/** Runs `body` while no other run has the storage. */
export async function owning<Result>(storage: Storage | undefined, body: () => Promise<Result>): Promise<Result> {
  const release = await storage?.lock?.();
  try {
    return await body();
  } finally {
    await release?.();
  }
}

/** Throws for a name that could lead out of the storage. */
export function checkName(name: string): void {
  if (!/^\w[\w.-]*$/.test(name))
    throw new ArgumentError(`[storage] expected a name of letters, digits, '.', '-' and '_', got '${name}'`);
}
