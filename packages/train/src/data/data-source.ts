import type { Json } from '../schedules/schedule.ts';

/**
 * Batches in an order that can be taken up again. What a batch is, is between the source and the loss function;
 * usually arrays on the host, which the loss function turns into tensors.
 */
export interface DataSource<Batch> {
  /** The next batch, null where there is none left. */
  next(): Batch | null | Promise<Batch | null>;
  /** Where the source is, such that after `restore` the same batches follow. */
  state(): Json;
  /** @throws TrainError `CHECKPOINT_MISMATCH` for the state of another source */
  restore(state: Json): void;
  /**
   * Tells this source from another in a checkpoint: its seed and sizes, say. Without it, a Trainer that resumes makes
   * the run's first batch again and compares. Give it where a batch depends on more than the place, such as on the
   * model, or where making one again is expensive.
   */
  fingerprint?(): Json;
}
