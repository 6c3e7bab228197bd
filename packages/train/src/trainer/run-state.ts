import { is, type Generator, type GeneratorState } from '@timestep/core';
import { dictionary, fits, orNull, record, tuple } from '../checkpoint/schema.ts';
import type { DataSource } from '../data/data-source.ts';
import type { OptimizerState } from '../optimizers/optimizer.ts';
import type { Json } from '../schedules/schedule.ts';
import type { ValidatorState } from './validator.ts';

/** Where data and generators are between two updates. */
export interface Place {
  readonly data: Json;
  readonly generators: readonly GeneratorState[];
}

/** What tells the data of a run from others: the source's own fingerprint, or the digest of the run's first batch. */
export interface DataProbe {
  readonly fingerprint: Json;
  /** Where the first batch is; null for a fingerprint of the source itself. */
  readonly place: Place | null;
}

/** The JSON half of a checkpoint. */
export interface RunState extends Place {
  readonly version: 2;
  readonly step: number;
  readonly optimizer: OptimizerState;
  readonly schedule: Json;
  readonly validation: ValidatorState | null;
  /** The file of the best model so far; null where there is none. */
  readonly best: string | null;
  /** Null before the first batch. */
  readonly probe: DataProbe | null;
}

const word = is.integer(0, 2 ** 32 - 1);
const generators = is.arrayOf(
  record({ key: tuple(word, word), counter: is.size(0), spare: orNull(is.number()) }),
  'an array of generator states',
);
const metrics = dictionary(is.anyOf(is.number({ infinite: true }), (value) => (Number.isNaN(value) ? null : 'NaN')));

const runStateRule = record({
  version: is.oneOf(2),
  step: is.size(0),
  data: is.anything,
  generators,
  // The optimiser, the schedule and the data source look at their parts themselves.
  optimizer: is.object,
  schedule: is.anything,
  validation: orNull(record({ best: orNull(record({ step: is.size(0), metrics })), bad: is.size(0) })),
  best: orNull(is.string),
  probe: orNull(record({ fingerprint: is.anything, place: orNull(record({ data: is.anything, generators })) })),
});

/** A run's state out of a checkpoint's JSON; where it is none, what was expected. */
export function readRunState(state: Json): RunState | { readonly expected: string } {
  return fits<RunState>(state, runStateRule) ? state : { expected: runStateRule(state)! };
}

interface Movable {
  readonly data: DataSource<unknown>;
  readonly generators: readonly Generator[];
}

export function placeOf({ data, generators: all }: Movable): Place {
  return { data: data.state(), generators: all.map(({ state }) => state) };
}

export function returnTo({ data, generators: all }: Movable, place: Place): void {
  data.restore(place.data);
  all.forEach((generator, index) => (generator.state = place.generators[index]!));
}
