import { ArgumentError } from '@timestep/core';
import type { CheckpointStore } from '../checkpoint/checkpoint-store.ts';
import type { Storage } from '../storage/storage.ts';
import type { Log } from './log.ts';
import type { CheckpointOptions } from './options.ts';

/**
 * Prepares a storage for a call of `fit`. A fresh run does not write among the checkpoints of another, which a later
 * resumption would take for its own.
 *
 * @throws ArgumentError where the storage holds checkpoints of another run
 */
export async function prepareStorage(
  {
    storage,
    checkpoints,
  }: { readonly storage?: Storage | undefined; readonly checkpoints?: CheckpointOptions | undefined },
  run: {
    readonly store: CheckpointStore | null;
    readonly log: Log | null;
    readonly step: number;
    readonly checkpoint: { readonly step: number } | null;
  },
): Promise<void> {
  if (!storage) return;
  const { store, log, step, checkpoint } = run;
  await storage.clean?.();
  if (!store) {
    await log?.mend();
    return;
  }
  const other = await store.newest();
  if (checkpoint) {
    if (other && other.step > checkpoint.step)
      throw new ArgumentError(
        `[Trainer] another run has written ${other.name} since this one was at step ${checkpoint.step}; call resume() to go on from there, or use another storage`,
      );
    return;
  }
  if (other && !checkpoints!.overwrite)
    throw new ArgumentError(
      `[Trainer] the storage holds ${other.name} of another run; call resume() first to go on with it, pass checkpoints.overwrite to remove it, or use another storage`,
    );
  await store.clear();
  // What a run wrote that never came to a checkpoint, or that is overwritten.
  if (step === 0) await log?.clear();
}
