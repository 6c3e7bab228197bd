import { tensor, type Backend, type Generator, type GeneratorState, type State } from '@timestep/core';
import type { Module } from '@timestep/layers';
import type { CheckpointContents, HostTensor } from '../checkpoint/format.ts';
import type { DataSource } from '../data/data-source.ts';
import { TrainError } from '../errors.ts';
import type { Optimizer, OptimizerState } from '../optimizers/optimizer.ts';
import type { Json, Schedule } from '../schedules/schedule.ts';
import type { ValidatorState } from './validator.ts';
import { unowned } from './update.ts';

/** The parts of a run that a checkpoint is made of. */
export interface RunParts {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly data: DataSource<unknown>;
  readonly generators: readonly Generator[];
}

/** Where data and generators stand between two updates. */
export interface Place {
  readonly data: Json;
  readonly generators: readonly GeneratorState[];
}

/** The JSON half of a checkpoint. */
interface RunState extends Place {
  readonly version: 1;
  readonly step: number;
  readonly optimizer: OptimizerState;
  readonly schedule: Json;
  readonly validation: ValidatorState | null;
}

export function placeOf({ data, generators }: RunParts): Place {
  return { data: data.state(), generators: generators.map(({ state }) => state) };
}

export function returnTo({ data, generators }: RunParts, place: Place): void {
  data.restore(place.data);
  generators.forEach((generator, index) => (generator.state = place.generators[index]!));
}

/** Reads a run back from its device: everything that it takes to go on with not a bit of difference. */
export async function takeSnapshot(
  parts: RunParts,
  run: {
    readonly step: number;
    readonly place: Place;
    readonly carried: State | null;
    readonly validation: ValidatorState | null;
  },
): Promise<CheckpointContents> {
  const { model, optimizer, schedule } = parts;
  const memory = optimizer.state();
  const state: RunState = {
    version: 1,
    step: run.step,
    ...run.place,
    optimizer: memory.json,
    schedule: schedule.state?.() ?? null,
    validation: run.validation,
  };
  const live = [...prefixed('optimizer', memory.tensors), ...prefixed('carried', Object.entries(run.carried ?? {}))];
  const { backend } = optimizer.parameters[0]!.parameter;
  const data = await backend.readMany(live.map(([, { buffer }]) => buffer));
  const tensors: [string, HostTensor][] = [
    ...prefixed('model', await model.stateDict()),
    ...live.map(([name, { shape }], index) => [name, { shape, data: data[index]! }] as [string, HostTensor]),
  ];
  // RunState is JSON through and through; an interface has no index signature to say so.
  return { state: state as unknown as Json, tensors: new Map(tensors) };
}

/**
 * Puts a run back to where a snapshot was taken.
 *
 * @throws TrainError `CHECKPOINT_MISMATCH` where it is that of another model, optimiser or data source
 */
export function restoreSnapshot(
  parts: RunParts,
  { state, tensors }: CheckpointContents,
  name: string,
): { readonly step: number; readonly carried: State | null; readonly validation: ValidatorState | null } {
  const { model, optimizer, schedule, generators } = parts;
  if (!isRunState(state)) throw mismatch(name, 'it is not the checkpoint of a run');
  if (state.generators.length !== generators.length)
    throw mismatch(name, `it has ${state.generators.length} generators, this run has ${generators.length}`);
  if ((state.schedule === null) !== (schedule.state === undefined))
    throw mismatch(name, 'it belongs to another schedule');
  try {
    optimizer.restore(state.optimizer, part(tensors, 'optimizer'));
    model.loadStateDict(part(tensors, 'model'));
    if (state.schedule !== null) schedule.restore?.(state.schedule);
    returnTo(parts, state);
  } catch (error) {
    optimizer.dispose();
    if (error instanceof Error) throw mismatch(name, error.message, error);
    throw error;
  }
  const carried = part(tensors, 'carried');
  return {
    step: state.step,
    carried: carried.size > 0 ? toDevice(optimizer.parameters[0]!.parameter.backend, carried) : null,
    validation: state.validation,
  };
}

function toDevice(backend: Backend, tensors: ReadonlyMap<string, HostTensor>): State {
  return Object.fromEntries(
    [...tensors].map(([name, { shape, data }]) => [name, unowned(tensor(backend, data, { shape }))]),
  );
}

function prefixed<Value>(prefix: string, entries: Iterable<readonly [string, Value]>): [string, Value][] {
  return Array.from(entries, ([name, value]) => [`${prefix}.${name}`, value]);
}

function part(tensors: ReadonlyMap<string, HostTensor>, prefix: string): Map<string, HostTensor> {
  const start = `${prefix}.`;
  return new Map(
    [...tensors].flatMap(([name, value]) =>
      name.startsWith(start) ? [[name.slice(start.length), value] as const] : [],
    ),
  );
}

function isRunState(state: unknown): state is RunState {
  const { version, step, optimizer, generators } = (state ?? {}) as Partial<Record<keyof RunState, unknown>>;
  return version === 1 && Number.isInteger(step) && typeof optimizer === 'object' && Array.isArray(generators);
}

function mismatch(name: string, why: string, cause?: unknown): TrainError {
  return new TrainError(
    'CHECKPOINT_MISMATCH',
    `[trainer] ${name} does not fit this run: ${why}; resume with the model, optimiser, schedule and data of the run that wrote it`,
    { cause },
  );
}
