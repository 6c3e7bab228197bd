import { ArgumentError } from '@timestep/core';

/**
 * A store of named files for checkpoints and logs. `fileStorage` of `@timestep/train/node` uses a folder,
 * {@link memoryStorage} keeps files in memory. You can implement your own.
 */
export interface Storage {
  /** Returns the names of all completely written files. */
  list(): Promise<string[]>;
  /** @throws TrainError `STORAGE_FAILED`, also where there is no such name */
  read(name: string): Promise<Uint8Array>;
  /**
   * Writes the pieces one after another under `name`, atomically. At any moment, even after a power failure, a reader
   * finds either the old or the new contents.
   *
   * @throws TrainError `STORAGE_FULL` or `STORAGE_FAILED`; the old contents remain
   */
  write(name: string, pieces: readonly Uint8Array[]): Promise<void>;
  /** Appends text: all of it or, if it throws, nothing. */
  append(name: string, text: string): Promise<void>;
  /** Removes a file; does nothing if it does not exist. */
  remove(name: string): Promise<void>;
  /** Removes the remains of interrupted writes. */
  clean?(): Promise<void>;
  /**
   * Locks the storage for one run, until the returned function is called or the program ends in any way.
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

/** Throws an ArgumentError for a name that could point outside the storage. */
export function checkName(name: string): void {
  if (!/^\w[\w.-]*$/.test(name))
    throw new ArgumentError(`[storage] expected a name of letters, digits, '.', '-' and '_', got '${name}'`);
}
