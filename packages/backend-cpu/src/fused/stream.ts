import {
  ArgumentError,
  describe,
  DisposedError,
  ShapeError,
  type Stream,
  type StreamLayer,
  type StreamOp,
} from '@timestep/backend-api';
import type { CpuBuffer } from '../engine/buffer.ts';
import type { Engine, KernelName } from '../engine/engine.ts';
import { Arena, planStages, type StreamStage } from './stream-plan.ts';

/** One run of a kernel in each step; its arguments in even and in odd steps. */
interface Run {
  readonly kernel: KernelName;
  readonly parts: number;
  readonly slots: readonly [readonly number[], readonly number[]];
}

/** A run of memory of the engine's, as floats. */
interface Place {
  readonly address: number;
  readonly length: number;
}

/**
 * A step that takes one thread this long (in nanoseconds) is cut in two: a thread that is awake costs about 2 µs, one
 * that sleeps 5 to 10 to call, and the calling thread does all the work where it does not come in time.
 */
const worthThreads = 25_000;
/** Weights come from the second-level cache or beyond: about 13 multiply-adds in a nanosecond. */
const nanosecondsPerWeight = 0.075;

/**
 * Memory and arguments are laid out once; a step fills in x, runs a kernel for each stage and copies the output out.
 */
class CpuStream implements Stream {
  readonly stateSize: number;
  readonly #engine: Engine;
  readonly #buffer: CpuBuffer;
  readonly #runs: readonly Run[];
  /** x, by parity */
  readonly #input: readonly [Place, Place];
  readonly #output: Place;
  /** The parts of the state, by parity */
  readonly #states: readonly [readonly Place[], readonly Place[]];
  #views: {
    readonly memory: Float32Array;
    readonly input: readonly [Float32Array, Float32Array];
    readonly output: Float32Array;
  };
  #parity: 0 | 1 = 0;
  #released = false;

  constructor(engine: Engine, layers: readonly StreamLayer[]) {
    this.#engine = engine;
    const arena = new Arena();
    const stages = planStages(engine, arena, layers);
    const last = stages.at(-1)!;
    const output = arena.take(last.units);
    this.#buffer = engine.allocate('f32', arena.floats);
    const base = engine.address(this.#buffer);
    engine.f32.fill(0, base / 4, base / 4 + arena.floats);
    for (const stage of stages) packStage(engine, base, stage);
    const place = (offset: number, length: number): Place => ({ address: base + 4 * offset, length });
    const first = stages[0]!;
    this.#input = [place(first.input[0], first.inputSize), place(first.input[1], first.inputSize)];
    this.#output = place(output, last.units);
    const states = (parity: 0 | 1): Place[] =>
      stages.flatMap((stage) => [
        ...(stage.stateSize > 0 ? [place(stage.input[parity] + stage.inputSize, stage.stateSize)] : []),
        ...(stage.cell === null ? [] : [place(stage.cell, stage.units)]),
      ]);
    this.#states = [states(0), states(1)];
    this.stateSize = this.#states[0].reduce((sum, { length }) => sum + length, 0);
    this.#runs = stages.map((stage, index) => ({
      kernel: stage.kernel,
      parts: partsOf(engine, stage),
      slots: [slotsOf(stages, index, output, base, 0), slotsOf(stages, index, output, base, 1)],
    }));
    this.#views = this.#makeViews();
  }

  step(input: Float32Array, output: Float32Array): void {
    this.#assertOpen();
    const { length } = this.#input[0];
    if (!isRow(input, length) || !isRow(output, this.#output.length)) {
      throw new ShapeError(
        `[stream] expected an input of ${length} and an output of ${this.#output.length} floats, got ${lengthOf(input)} and ${lengthOf(output)}`,
      );
    }
    if (this.#views.memory !== this.#engine.f32) this.#views = this.#makeViews();
    const parity = this.#parity;
    this.#views.input[parity].set(input);
    for (const run of this.#runs) this.#engine.run(run.kernel, run.parts, run.slots[parity]);
    output.set(this.#views.output);
    this.#parity = parity === 0 ? 1 : 0;
  }

  readState(into: Float32Array): void {
    this.#checkState(into);
    let offset = 0;
    for (const { address, length } of this.#states[this.#parity]) {
      into.set(this.#engine.f32.subarray(address / 4, address / 4 + length), offset);
      offset += length;
    }
  }

  writeState(from: Float32Array): void {
    this.#checkState(from);
    let offset = 0;
    for (const { address, length } of this.#states[this.#parity]) {
      this.#engine.f32.set(from.subarray(offset, offset + length), address / 4);
      offset += length;
    }
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#engine.free(this.#buffer);
  }

  #checkState(state: Float32Array): void {
    this.#assertOpen();
    if (state.length !== this.stateSize)
      throw new ShapeError(`[stream] expected a state of ${this.stateSize} floats, got ${state.length}`);
  }

  #assertOpen(): void {
    this.#engine.assertAlive();
    if (this.#released)
      throw new DisposedError('[stream] expected an open stream, this one was released; open another');
  }

  /** Views into the memory, which growth replaces. */
  #makeViews(): { memory: Float32Array; input: readonly [Float32Array, Float32Array]; output: Float32Array } {
    const memory = this.#engine.f32;
    const view = ({ address, length }: Place): Float32Array => memory.subarray(address / 4, address / 4 + length);
    return { memory, input: [view(this.#input[0]), view(this.#input[1])], output: view(this.#output) };
  }
}

function packStage(engine: Engine, base: number, stage: StreamStage): void {
  for (const { source, columns, gates, lanes, target, blockStride, add } of stage.packings) {
    engine.kernels.packStream(
      source,
      columns,
      stage.units,
      gates,
      stage.width,
      lanes,
      base + 4 * target,
      4 * blockStride,
      stage.blocks,
      Number(add),
    );
  }
}

function partsOf(engine: Engine, stage: StreamStage): number {
  const weights = stage.blocks * (stage.inputSize + stage.stateSize) * 32;
  return weights * nanosecondsPerWeight < worthThreads ? 1 : Math.min(engine.threads, Math.ceil(stage.blocks / 2));
}

/** The kernel's arguments, in the order of `StreamStep` (assembly/sequence/stream.ts). */
function slotsOf(stages: readonly StreamStage[], index: number, output: number, base: number, parity: 0 | 1): number[] {
  const stage = stages[index]!;
  const next = stages[index + 1];
  const other = parity === 0 ? 1 : 0;
  const address = (offset: number | null): number => (offset === null ? 0 : base + 4 * offset);
  const follower = next === undefined ? output : next.input[parity];
  // Where a stage behind it makes h, as in a projected LSTM, the cell does not.
  const own = next?.recurrent === stage ? null : stage.stateSize > 0 ? stage : stage.recurrent;
  const holder = stage.recurrent ?? stage;
  const before = stage.reset && holder.input[parity] + holder.inputSize;
  const newState = own && own.input[other] + own.inputSize;
  return [
    address(stage.input[parity]),
    stage.inputSize,
    stage.stateSize,
    stage.units,
    stage.blocks,
    address(stage.packed),
    address(stage.bias),
    address(newState),
    address(follower),
    address(stage.cell),
    address(stage.peephole),
    Number(stage.coupled),
    stage.activation,
    address(stage.reset && stage.reset.update),
    address(before),
    address(stage.reset && stage.reset.sums),
  ];
}

/** Contract: Backend.stream. */
export function createStream(engine: Engine): StreamOp {
  return {
    supports: () => true,
    open(layers) {
      if (layers.length === 0) throw new ArgumentError('[stream] expected a layer at least, got none');
      return new CpuStream(engine, layers);
    },
  };
}

function isRow(value: unknown, length: number): boolean {
  return value instanceof Float32Array && value.length === length;
}

function lengthOf(value: unknown): string {
  return value instanceof Float32Array ? String(value.length) : describe(value);
}
