import { ArgumentError, checkOptions, checkValue, Generator, is, type OptionRules } from '@timestep/core';
import type { Json } from '../schedules/schedule.ts';
import type { DataSource } from './data-source.ts';
import { readPlace } from './generated-data.ts';

/** Options of {@link epochData}. */
export interface EpochDataOptions {
  /** The seed of every epoch's order and of the random numbers for `make`. */
  readonly seed: number;
  /** The number of batches to prepare in advance with an asynchronous `make`; 0 by default. */
  readonly ahead?: number | undefined;
  /** The number of epochs; infinite by default. */
  readonly epochs?: number | undefined;
}

const rules: OptionRules<EpochDataOptions> = {
  seed: is.size(0),
  ahead: is.optional(is.size(0)),
  epochs: is.optional(is.anyOf(is.size(0), is.oneOf(Infinity))),
};

/**
 * Creates a data source that passes over a fixed set of examples. `arrange` groups the indices of an epoch into
 * batches. `make` creates a batch from its indices. Each call gets its own random numbers, so the order does not affect
 * them.
 *
 * @example
 * ```ts
 * const data = epochData((random) => bucketByLength(lengths, { batchSize: 32, random }), (indices) => load(indices), {
 * seed: 1 });
 * ```
 * @throws ArgumentError for an unknown option or a wrong value, and if an epoch has no batch
 */
export function epochData<Batch>(
  arrange: (random: Generator, epoch: number) => readonly (readonly number[])[],
  make: (indices: readonly number[], random: Generator) => Batch | Promise<Batch>,
  options: EpochDataOptions,
): DataSource<Batch> {
  checkValue('epochData', 'arrange', arrange, is.function);
  checkValue('epochData', 'make', make, is.function);
  checkOptions('epochData', options, rules);
  const { seed, ahead = 0, epochs = Infinity } = options;
  const root = new Generator(seed);
  let epoch = 0;
  let batch = 0;
  let order: readonly (readonly number[])[] | null = null;
  const begun = new Map<number, Batch | Promise<Batch>>();
  const begin = (at: number): void => {
    if (begun.has(at)) return;
    const made = make(order![at]!, root.fork(`epoch ${epoch} batch ${at}`));
    // The call of next() that returns this batch throws its error; until then it must not count as unhandled.
    if (made instanceof Promise) made.catch(() => undefined);
    begun.set(at, made);
  };
  return {
    next() {
      if (order && batch >= order.length) {
        epoch++;
        batch = 0;
        order = null;
      }
      if (epoch >= epochs) return null;
      order ??= arrange(root.fork(`epoch ${epoch}`), epoch);
      checkValue('epochData', 'the result of arrange', order, is.arrayOf(is.anything, 'an array of batches'));
      if (order.length === 0)
        throw new ArgumentError(
          '[epochData] expected at least one batch per epoch, got none; pass more examples or a smaller batch size',
        );
      for (let at = batch; at <= Math.min(batch + ahead, order.length - 1); at++) begin(at);
      const result = begun.get(batch)!;
      begun.delete(batch);
      batch++;
      return result;
    },
    state: () => ({ epoch, batch }),
    epochs: () => epoch + (order ? batch / order.length : 0),
    restore(state: Json) {
      epoch = readPlace('epochData', state, 'epoch');
      batch = readPlace('epochData', state, 'batch');
      order = null;
      begun.clear();
      // The next call has to know how many batches this epoch has.
      if (batch > 0) order = arrange(root.fork(`epoch ${epoch}`), epoch);
    },
  };
}

/** Options of {@link shuffledBatches}. */
export interface ShuffleOptions {
  /** Drop the last batch if it is not full; false by default. */
  readonly dropLast?: boolean | undefined;
}

const shuffleRules: OptionRules<ShuffleOptions> = { dropLast: is.optional(is.boolean) };

/**
 * Shuffles the indices 0 … size − 1 and cuts them into batches, for the `arrange` function of {@link epochData}.
 *
 * @param size the number of examples
 * @param batchSize the number of examples in a batch
 * @param random the source of random numbers
 * @throws ArgumentError for a wrong size or an unknown option
 * @example
 * ```ts
 * const data = epochData((random) => shuffledBatches(examples.length, 32, random), (indices) => load(indices), { seed: 1 });
 * ```
 */
export function shuffledBatches(
  size: number,
  batchSize: number,
  random: Generator,
  options: ShuffleOptions = {},
): number[][] {
  checkValue('shuffledBatches', 'size', size, is.size(0));
  checkValue('shuffledBatches', 'batchSize', batchSize, is.size());
  checkValue('shuffledBatches', 'random', random, is.like('a Generator', 'permutation'));
  checkOptions('shuffledBatches', options, shuffleRules);
  const order = Array.from(random.permutation(size));
  const batches: number[][] = [];
  for (let at = 0; at < size; at += batchSize) batches.push(order.slice(at, at + batchSize));
  return options.dropLast ? batches.filter((batch) => batch.length === batchSize) : batches;
}
