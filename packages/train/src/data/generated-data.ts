import { checkOptions, checkValue, Generator, is, type OptionRules } from '@timestep/core';
import { TrainError } from '../errors.ts';
import type { Json } from '../schedules/schedule.ts';
import type { DataSource } from './data-source.ts';

export interface GeneratedDataOptions {
  /** Fixes every batch. */
  readonly seed: number;
  /** Batches that are begun before they are asked for, where `make` is asynchronous; 0 by default. */
  readonly ahead?: number | undefined;
  /** Batches in all; without end by default. */
  readonly count?: number | undefined;
}

const rules: OptionRules<GeneratedDataOptions> = {
  seed: is.size(0),
  ahead: is.optional(is.size(0)),
  count: is.optional(is.anyOf(is.size(0), is.oneOf(Infinity))),
};

/**
 * Batches that are made: number `index`, from 0, is a function of that number and of random numbers that belong to it
 * alone. So the place in the order is one number, and batches may be made ahead, in a worker for instance.
 *
 * @example
 * const data = generatedData((index, random) => addingProblem(100, 32, random), { seed: 1 });
 */
export function generatedData<Batch>(
  make: (index: number, random: Generator) => Batch | Promise<Batch>,
  options: GeneratedDataOptions,
): DataSource<Batch> {
  checkValue('generatedData', 'make', make, is.function);
  checkOptions('generatedData', options, rules);
  const { seed, ahead = 0, count = Infinity } = options;
  const root = new Generator(seed);
  const begun = new Map<number, Batch | Promise<Batch>>();
  let index = 0;
  const begin = (at: number): void => {
    if (at >= count || begun.has(at)) return;
    const batch = make(at, root.fork(`batch ${at}`));
    // Whoever asks for this batch meets its error; until then it is not an unhandled one.
    if (batch instanceof Promise) batch.catch(() => undefined);
    begun.set(at, batch);
  };
  return {
    next() {
      if (index >= count) return null;
      for (let at = index; at <= index + ahead; at++) begin(at);
      const batch = begun.get(index)!;
      begun.delete(index);
      index++;
      return batch;
    },
    state: () => ({ index }),
    restore(state: Json) {
      index = readPlace('generatedData', state, 'index');
      begun.clear();
    },
  };
}

/** A whole number out of a source's state. */
export function readPlace(where: string, state: Json, name: string): number {
  const value =
    typeof state === 'object' && state !== null ? (state as Readonly<Record<string, Json>>)[name] : undefined;
  // Beyond this, counting on would stop at the accuracy of a number.
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 52) return value;
  throw new TrainError(
    'CHECKPOINT_MISMATCH',
    `[${where}] expected a state with ${name}, a whole number, got ${JSON.stringify(state)}; resume with the data source of the run that saved it`,
  );
}
