import { checkOptions, checkValue, Generator, is, type OptionRules } from '@timestep/core';
import { TrainError } from '../errors.ts';
import type { Json } from '../schedules/schedule.ts';
import type { DataSource } from './data-source.ts';

/** Options of {@link generatedData}. */
export interface GeneratedDataOptions {
  /** The seed of all batches. */
  readonly seed: number;
  /** The number of batches to prepare in advance with an asynchronous `make`; 0 by default. */
  readonly ahead?: number | undefined;
  /** The number of batches; infinite by default. */
  readonly count?: number | undefined;
}

const rules: OptionRules<GeneratedDataOptions> = {
  seed: is.size(0),
  ahead: is.optional(is.size(0)),
  count: is.optional(is.anyOf(is.size(0), is.oneOf(Infinity))),
};

/**
 * Creates a data source that computes batches. A batch depends only on its index, from 0, and on random numbers for that
 * index. So one number describes the position, and batches can be prepared in advance, for example in a worker.
 *
 * @example
 * ```ts
 * const data = generatedData((index, random) => addingProblem(100, 32, random), { seed: 1 });
 * ```
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
    // The call of next() that returns this batch throws its error; until then it must not count as unhandled.
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
  // Beyond this, adding 1 would no longer change the number.
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 52) return value;
  throw new TrainError(
    'CHECKPOINT_MISMATCH',
    `[${where}] expected a state with ${name}, a whole number, got ${JSON.stringify(state)}; resume with the data source of the run that saved it`,
  );
}
