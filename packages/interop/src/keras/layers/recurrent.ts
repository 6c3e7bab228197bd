import { add, affine, ArgumentError, concat, flip, multiply, type Tensor } from '@timestep/core';
import { Module, type Slot } from '@timestep/layers';
import * as v from 'valibot';
import { ensure, InteropError } from '../../errors.ts';
import { buildCell, type KerasCell } from '../cells.ts';
import { anyRecord } from '../config-reader.ts';
import type { CallReader } from '../call-reader.ts';
import type { KerasLayer, LayerSource } from '../layer.ts';
import type { Compute, Run, Source } from '../run.ts';
import { runCell, type CellRun } from '../run-cell.ts';
import { Value } from '../value.ts';

/** One direction: its cell, and its options in Keras. */
interface Direction {
  readonly cell: KerasCell;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  readonly zeroOutput: boolean;
}

const merges: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  concat: (a, b) => concat([a, b], -1),
  sum: add,
  ave: (a, b) => affine(add(a, b), 0.5),
  mul: multiply,
};

/** The modules of a layer under their names. */
class Parts extends Module {
  readonly #parts: readonly (readonly [string, Module])[];

  constructor(parts: readonly (readonly [string, Module])[]) {
    super();
    this.#parts = parts;
  }

  override slots(): Slot[] {
    return this.#parts.map(([name, value]) => ({ name, value }));
  }
}

function moduleOf({ modules }: KerasCell): Module {
  const [first] = modules;
  return modules.length === 1 && first![0] === '' ? first![1] : new Parts(modules);
}

function readDirection(source: LayerSource): Direction {
  const { className, config, weights, builder, where } = source;
  config.ignore('unroll', 'num_constants', 'use_cudnn');
  config.only('time_major', false);
  const flags = {
    returnSequences: config.flag('return_sequences', false),
    returnState: config.flag('return_state', false),
    goBackwards: config.flag('go_backwards', false),
    stateful: config.flag('stateful', false),
    zeroOutput: config.flag('zero_output_for_mask', false),
  };
  if (className === 'RNN') {
    const opened = builder.open(config.get('cell', anyRecord), weights.at('cell'));
    const cell = buildCell(opened);
    opened.config.end();
    return { cell, ...flags };
  }
  if (!(className in recurrentLayers) || className === 'Bidirectional')
    throw new InteropError('UNSUPPORTED_MODEL', `[keras] ${where}, a ${className}, cannot run in two directions here`);
  return { cell: buildCell({ ...source, weights: weights.at('cell') }), ...flags };
}

/** Runs one direction from the passed state, the kept state, or zeros. */
function runDirection(direction: Direction, x: Value, run: Run, initial: readonly Source[], where: string): CellRun {
  const { cell, stateful } = direction;
  const kept = stateful ? (run.states.get(direction) ?? null) : null;
  const state = initial.length > 0 ? initial.map((source) => source(run).tensor) : kept;
  const batch = x.shape[0]!;
  if (kept && state === kept && kept[0]!.shape[0] !== batch)
    throw new ArgumentError(
      `[keras] ${where} is stateful and has read ${kept[0]!.shape[0]} sequences, this batch has ${batch}; call resetState() between batches of other sizes`,
    );
  const made = runCell(cell, x, { ...direction, state });
  if (stateful) run.states.set(direction, made.state);
  return made;
}

function readInitial(call: CallReader, count: number, where: string): readonly Source[] {
  const initial = call.tensors(1, 'initial_state');
  ensure(
    initial.length === 0 || initial.length === count,
    'UNSUPPORTED_MODEL',
    () => `[keras] ${where} has a state of ${count} parts, it was called with ${initial.length}`,
  );
  return initial;
}

function oneDirection(source: LayerSource): KerasLayer {
  const { where } = source;
  const direction = readDirection(source);
  const { cell, goBackwards, returnSequences, returnState } = direction;
  return {
    module: moduleOf(cell),
    bind(call): Compute {
      const input = call.input(0, 'sequences');
      const initial = readInitial(call, cell.stateSizes.length, where);
      call.end();
      return (run) => {
        const x = input(run);
        const made = runDirection(direction, x, run, initial, where);
        // Keras gives the outputs in the order in which they were made.
        const output = returnSequences
          ? Value.ofTime(goBackwards ? flip(made.output, 0) : made.output, x.mask)
          : Value.of(made.last);
        return [output, ...(returnState ? made.state.map((part) => Value.of(part)) : [])];
      };
    },
  };
}

function bidirectional(source: LayerSource): KerasLayer {
  const { config, weights, builder, where } = source;
  const mergeMode = config.get('merge_mode', v.nullable(v.string()), 'concat');
  ensure(
    mergeMode === null || Object.hasOwn(merges, mergeMode),
    'UNSUPPORTED_MODEL',
    () => `[keras] ${where} has merge_mode ${mergeMode}; ${Object.keys(merges).join(', ')} and null are known`,
  );
  const given = config.get('layer', anyRecord);
  const reversed = config.get('backward_layer', v.nullable(anyRecord), null);
  const open = (one: unknown, place: string): Direction => {
    const opened = builder.open(one, weights.at(place));
    const direction = readDirection(opened);
    opened.config.end();
    return { ...direction, zeroOutput: direction.returnSequences };
  };
  const forward = open(given, 'forward_layer');
  const backward = reversed
    ? open(reversed, 'backward_layer')
    : { ...open(given, 'backward_layer'), goBackwards: !forward.goBackwards };
  ensure(
    forward.goBackwards !== backward.goBackwards &&
      forward.returnSequences === backward.returnSequences &&
      forward.returnState === backward.returnState &&
      forward.stateful === backward.stateful,
    'UNSUPPORTED_MODEL',
    () => `[keras] the two layers of ${where} have the same direction, or differ in return_sequences or return_state`,
  );
  const { returnSequences, returnState } = forward;
  const sizes = [forward, backward].map(({ cell }) => cell.stateSizes.length) as [number, number];
  return {
    module: new Parts([
      ['forward_layer', moduleOf(forward.cell)],
      ['backward_layer', moduleOf(backward.cell)],
    ]),
    bind(call): Compute {
      const input = call.input(0, 'sequences');
      const initial = readInitial(call, sizes[0] + sizes[1], where);
      call.end();
      return (run) => {
        const x = input(run);
        const first = runDirection(forward, x, run, initial.slice(0, sizes[0]), where);
        const second = runDirection(backward, x, run, initial.slice(sizes[0]), where);
        // Keras always reverses the outputs of the second layer. If the first layer goes backwards, both outputs start
        // with the last step.
        const turn = (output: Tensor) => (forward.goBackwards ? flip(output, 0) : output);
        const pair = returnSequences
          ? [turn(first.output), turn(second.output)].map((output) => Value.ofTime(output, x.mask))
          : [first.last, second.last].map((output) => Value.of(output));
        const [a, b] = pair as [Value, Value];
        const merge = mergeMode === null ? null : merges[mergeMode]!;
        const merged = !merge
          ? [a, b]
          : returnSequences
            ? [Value.ofTime(merge(a.timeFirst, b.timeFirst), x.mask)]
            : [Value.of(merge(a.tensor, b.tensor))];
        const states = returnState ? [...first.state, ...second.state].map((part) => Value.of(part)) : [];
        return [...merged, ...states];
      };
    },
  };
}

export const recurrentLayers = {
  LSTM: oneDirection,
  GRU: oneDirection,
  SimpleRNN: oneDirection,
  RNN: oneDirection,
  Bidirectional: bidirectional,
};
