import type { Json } from '../schedules/schedule.ts';

/**
 * A source of batches that can resume its order. A batch may be any value that the loss function accepts. Usually it
 * holds arrays on the host, and the loss function creates tensors from them.
 */
export interface DataSource<Batch> {
  /** Returns the next batch, or null at the end. */
  next(): Batch | null | Promise<Batch | null>;
  /** Returns the position; after `restore` of it, the same batches follow. */
  state(): Json;
  /** @throws TrainError `CHECKPOINT_MISMATCH` for the state of another source */
  restore(state: Json): void;
  /**
   * Returns the number of passes over the data that are done, with a fraction for the one that has begun, such as 1.25.
   * `fit({ epochs })` needs it. It must be exactly whole after the last batch of a pass.
   */
  epochs?(): number;
  /**
   * Identifies this source in a checkpoint, for example by its seed and sizes. Without it, a Trainer that resumes
   * recomputes the first batch of the run and compares it. Provide it if a batch depends on more than the position,
   * such as on the model, or is expensive to compute.
   */
  fingerprint?(): Json;
}
