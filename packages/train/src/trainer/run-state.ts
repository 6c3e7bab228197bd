import { is, type Generator, type GeneratorState } from '@timestep/core';
import { dictionary, fits, orNull, record, tuple } from '../checkpoint/schema.ts';
import type { DataSource } from '../data/data-source.ts';
import type { OptimizerState } from '../optimizers/optimizer-state.ts';
import type { Json } from '../schedules/schedule.ts';
import type { ValidatorState } from './validator.ts';

/** The positions of data and generators between two updates. */
export interface Position {
  readonly data: Json;
  readonly generators: readonly GeneratorState[];
}

/** Identifies the data of a run: the source's fingerprint, or the digest of the run's first batch. */
export interface DataProbe {
  readonly fingerprint: Json;
  /** The position of the first batch; null for a fingerprint of the source itself. */
  readonly position: Position | null;
}

/** The JSON half of a checkpoint. */
export interface RunState extends Position {
  readonly version: 2;
  readonly step: number;
  readonly optimizer: OptimizerState;
  readonly schedule: Json;
  readonly validation: ValidatorState | null;
  /** The file of the best model so far; null if there is none. */
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
  // The optimizer, the schedule and the data source validate their own parts.
  optimizer: is.object,
  schedule: is.anything,
  validation: orNull(record({ best: orNull(record({ step: is.size(0), metrics })), bad: is.size(0) })),
  best: orNull(is.string),
  probe: orNull(record({ fingerprint: is.anything, position: orNull(record({ data: is.anything, generators })) })),
});

/** Validates the JSON of a checkpoint and returns the run's state, or what was expected instead. */
export function readRunState(state: Json): RunState | { readonly expected: string } {
  return fits<RunState>(state, runStateRule) ? state : { expected: runStateRule(state)! };
}

interface Movable {
  readonly data: DataSource<unknown>;
  readonly generators: readonly Generator[];
}

export function positionOf({ data, generators: all }: Movable): Position {
  return { data: data.state(), generators: all.map(({ state }) => state) };
}

export function restorePosition({ data, generators: all }: Movable, position: Position): void {
  data.restore(position.data);
  all.forEach((generator, index) => (generator.state = position.generators[index]!));
}
