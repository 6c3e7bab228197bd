import type { Json } from '../schedules/schedule.ts';

/**
 * Batches in an order that can be taken up again. What a batch is, is between the source and the loss function;
 * usually arrays on the host, which the loss function turns into tensors.
 */
export interface DataSource<Batch> {
  /** The next batch, null where there is none left. */
  next(): Batch | null | Promise<Batch | null>;
  /** Where the source stands, such that after `restore` the same batches follow. */
  state(): Json;
  /** @throws TrainError `CHECKPOINT_MISMATCH` for a state that is none of its own */
  restore(state: Json): void;
}
