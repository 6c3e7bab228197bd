import { ArgumentError, checkOptions, checkValue, Generator, is, type OptionRules } from '@timestep/core';
import type { Json } from '../schedules/schedule.ts';
import type { DataSource } from './data-source.ts';
import { readPlace } from './generated-data.ts';

export interface EpochDataOptions {
  /** Fixes the order of every epoch, and what `make` draws. */
  readonly seed: number;
  /** Batches that are begun before they are asked for, where `make` is asynchronous; 0 by default. */
  readonly ahead?: number | undefined;
  /** Epochs in all; without end by default. */
  readonly epochs?: number | undefined;
}

const rules: OptionRules<EpochDataOptions> = {
  seed: is.size(0),
  ahead: is.optional(is.size(0)),
  epochs: is.optional(is.anyOf(is.size(0), is.oneOf(Infinity))),
};

/**
 * Passes over a fixed set of examples. `arrange` puts the indices of one epoch into batches, `make` turns the indices
 * of one batch into the batch; both are given random numbers that belong to that epoch or batch alone.
 *
 * @example
 * const data = epochData((random) => bucketByLength(lengths, { batchSize: 32, random }), (indices) => load(indices), {
 * seed: 1 });
 * @throws ArgumentError where an epoch has no batch
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
    // Whoever asks for this batch meets its error; until then it is not an unhandled one.
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
          '[epochData] an epoch has no batch; give it examples, or a batch size that is not larger than their number',
        );
      for (let at = batch; at <= Math.min(batch + ahead, order.length - 1); at++) begin(at);
      const result = begun.get(batch)!;
      begun.delete(batch);
      batch++;
      return result;
    },
    state: () => ({ epoch, batch }),
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

export interface ShuffleOptions {
  /** Leave out a last batch that is not full; false by default. */
  readonly dropLast?: boolean | undefined;
}

const shuffleRules: OptionRules<ShuffleOptions> = { dropLast: is.optional(is.boolean) };

/**
 * The indices 0 … size − 1 in random order, cut into batches: what `epochData` takes to arrange an epoch.
 *
 * @param size how many examples there are
 * @param batchSize how many make a batch
 * @param random what the order is drawn from
 * @throws ArgumentError for sizes that are none and for unknown options
 * @example
 * const data = epochData((random) => shuffledBatches(examples.length, 32, random), (indices) => load(indices), { seed: 1 });
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
