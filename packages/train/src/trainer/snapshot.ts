import { tensor, type Backend, type Generator, type State } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import type { LoadableTensor, Module } from '@timestep/layers';
import type { CheckpointContents } from '../checkpoint/format.ts';
import type { DataSource } from '../data/data-source.ts';
import { digestOf } from '../data/digest.ts';
import { TrainError } from '../errors.ts';
import type { WeightAverage } from '../optimizers/weight-average.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Json, Schedule } from '../schedules/schedule.ts';
import {
  positionOf,
  readRunState,
  restorePosition,
  type DataProbe,
  type Position,
  type RunState,
} from './run-state.ts';
import type { ValidatorState } from './validator.ts';
import { disposeState } from '../dispose-state.ts';

/** The parts of a run that a checkpoint is made of. */
export interface RunParts {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly data: DataSource<unknown>;
  readonly generators: readonly Generator[];
  readonly average: WeightAverage | null;
}

/** Reads everything from the device that the run needs to continue bit for bit. */
export async function takeSnapshot(
  parts: RunParts,
  run: {
    readonly step: number;
    readonly position: Position;
    readonly carried: State | null;
    readonly validation: ValidatorState | null;
    readonly best: string | null;
    readonly probe: DataProbe | null;
  },
): Promise<CheckpointContents> {
  const { model, optimizer, schedule } = parts;
  const memory = optimizer.state();
  const { step, position, validation, best, probe } = run;
  const state: RunState = {
    version: 2,
    step,
    ...position,
    optimizer: memory.json,
    schedule: schedule.state?.() ?? null,
    validation,
    best,
    probe,
  };
  const live = [
    ...prefixed('optimizer', memory.tensors),
    ...prefixed('carried', Object.entries(run.carried ?? {})),
    ...prefixed('average', parts.average?.tensors() ?? []),
  ];
  const { backend } = optimizer.parameters[0]!.parameter;
  const data = await backend.readMany(live.map(([, { buffer }]) => buffer));
  const tensors: [string, LoadableTensor][] = [
    ...prefixed('model', await model.stateDict()),
    ...live.map(([name, { shape }], index) => [name, { shape, data: data[index]! }] as [string, LoadableTensor]),
  ];
  // RunState is plain JSON, but an interface has no index signature.
  return { state: state as unknown as Json, tensors: new Map(tensors) };
}

export interface Restored {
  readonly step: number;
  readonly carried: State | null;
  readonly validation: ValidatorState | null;
  readonly best: string | null;
  readonly probe: DataProbe | null;
}

/**
 * Restores a run from a snapshot. It validates everything before it changes anything, so the run is unchanged if it
 * throws.
 *
 * @param expected the file's name and the step in it, and whether to compare the data
 * @throws TrainError `CHECKPOINT_MISMATCH` for the checkpoint of another model, optimizer or data source
 */
export async function restoreSnapshot(
  parts: RunParts,
  { state: json, tensors }: CheckpointContents,
  expected: { readonly name: string; readonly step: number; readonly checkData: boolean },
): Promise<Restored> {
  const { model, optimizer, schedule, generators } = parts;
  const { name } = expected;
  const state = readRunState(json);
  if ('expected' in state)
    throw mismatch(name, `it is not the checkpoint of a run: its state is not ${state.expected}`);
  if (state.step !== expected.step) throw mismatch(name, `it is of step ${state.step}; it was renamed`);
  if (state.generators.length !== generators.length)
    throw mismatch(name, `it has ${state.generators.length} generators, this run has ${generators.length}`);
  if ((state.schedule === null) !== (schedule.state === undefined))
    throw mismatch(name, 'it belongs to another schedule');
  const { model: ofModel, optimizer: ofOptimizer, carried: ofState, average: ofAverage } = split(name, tensors);
  const before = { position: positionOf(parts), schedule: schedule.state?.() ?? null };
  let carried: State | null = null;
  try {
    if (ofAverage.size > 0 && !parts.average) throw new Error('it holds averaged weights, and this run has no average');
    optimizer.checkState(state.optimizer, ofOptimizer);
    parts.average?.check(ofAverage);
    if (state.schedule !== null) schedule.restore?.(state.schedule);
    if (expected.checkData && state.probe) await checkData(parts, state.probe);
    restorePosition(parts, state);
    if (ofState.size > 0) carried = toDevice(optimizer.parameters[0]!.parameter.backend, ofState);
    model.loadStateDict(ofModel);
    optimizer.restore(state.optimizer, ofOptimizer);
    parts.average?.restore(ofAverage);
  } catch (error) {
    disposeState(carried);
    if (before.schedule !== null) schedule.restore?.(before.schedule);
    restorePosition(parts, before.position);
    throw mismatch(name, error instanceof Error ? error.message : String(error), error);
  }
  return { step: state.step, carried, validation: state.validation, best: state.best, probe: state.probe };
}

/** Compares the source's fingerprint or, without one, recomputes the run's first batch. */
async function checkData({ data, generators }: RunParts, { fingerprint, position }: DataProbe): Promise<void> {
  const hint =
    'resume with the seed, batch size and data of the run that wrote it, or pass resume({ checkData: false }) to go on with others';
  if (position === null) {
    const own = data.fingerprint?.() ?? null;
    if (JSON.stringify(own) !== JSON.stringify(fingerprint))
      throw new Error(
        `the data are others: their fingerprint is ${JSON.stringify(own)}, expected ${JSON.stringify(fingerprint)}; ${hint}`,
      );
    return;
  }
  restorePosition({ data, generators }, position);
  const first = await data.next();
  if (first === null || digestOf(first) !== fingerprint)
    throw new Error(`the data are others: the run's first batch, made again, is not the one it began with; ${hint}`);
}

function toDevice(backend: Backend, tensors: ReadonlyMap<string, LoadableTensor>): State {
  return Object.fromEntries(
    [...tensors].map(([name, { shape, data }]) => [name, unowned(tensor(backend, data, { shape }))]),
  );
}

function prefixed<Value>(prefix: string, entries: Iterable<readonly [string, Value]>): [string, Value][] {
  return Array.from(entries, ([name, value]) => [`${prefix}.${name}`, value]);
}

type Tensors = Map<string, LoadableTensor>;

const partNames = ['model', 'optimizer', 'carried', 'average'] as const;
type PartName = (typeof partNames)[number];

function isPart(name: string): name is PartName {
  return (partNames as readonly string[]).includes(name);
}

/** The tensors of the model, the optimizer, the carried state and the average, by the names that they have there. */
function split(name: string, tensors: ReadonlyMap<string, LoadableTensor>): Readonly<Record<PartName, Tensors>> {
  const parts = { model: new Map(), optimizer: new Map(), carried: new Map(), average: new Map() } satisfies Record<
    PartName,
    Tensors
  >;
  for (const [path, value] of tensors) {
    const dot = path.indexOf('.');
    const part = path.slice(0, dot);
    if (!isPart(part)) throw mismatch(name, `it holds '${path}', which is no part of a run`);
    parts[part].set(path.slice(dot + 1), value);
  }
  return parts;
}

function mismatch(name: string, why: string, cause?: unknown): TrainError {
  return new TrainError(
    'CHECKPOINT_MISMATCH',
    `[Trainer] ${name} does not fit this run: ${why}; resume with the model, optimizer, schedule and data of the run that wrote it`,
    { cause },
  );
}
