import type { DeviceBuffer, SequenceInputs, SequenceSpec } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { checkLengths } from './saved.ts';

/** The state of one sequence: [h], or [h, c]. */
export type State = readonly Float64Array[];

/** The gradient of every weight and bias, added to by each step of the backward pass. */
export type WeightGradients<Name extends string> = Readonly<Record<Name, Float64Array>>;

/**
 * One step of one sequence, with its derivative: given the gradient of its new state, those of its input and its old
 * state.
 */
export interface Step<Name extends string> {
  readonly state: State;
  backward(dState: State, into: WeightGradients<Name>): { readonly dx: Float64Array; readonly dState: State };
}

/** A cell with its weights bound: x `[D]` and a state in, a step out. */
export type Cell<Name extends string> = (x: Float64Array, state: State) => Step<Name>;

/** The steps of each sequence in the order in which they ran, with the frame that each read. */
export type Trace<Name extends string> = readonly (readonly { readonly frame: number; readonly step: Step<Name> }[])[];

/** Frames 0…length−1, or back from length−1 to 0: a reversed sequence starts at its own last step. */
function framesOf(spec: SequenceSpec<unknown>, n: number): number[] {
  const length = spec.lengths === null ? spec.steps : spec.lengths[n]!;
  const frames = Array.from({ length }, (_, t) => t);
  return spec.reverse ? frames.reverse() : frames;
}

/**
 * Runs a cell over every sequence by itself. `initial` and `final` are `[N, size]` for each part of the state; steps at
 * and past a length are never run, so they output 0 and leave the state.
 */
export function runForward<Name extends string>(
  spec: SequenceSpec<unknown>,
  cell: Cell<Name>,
  x: Float64Array,
  initial: State,
  sizes: readonly number[],
): { output: Float64Array; final: State; trace: Trace<Name> } {
  const { steps, batch, inputSize } = spec;
  const outputSize = sizes[0]!;
  const output = new Float64Array(steps * batch * outputSize);
  const final = sizes.map((size) => new Float64Array(batch * size));
  const trace = Array.from({ length: batch }, (_, n) => {
    let state = rowsOf(initial, sizes, n);
    const done = framesOf(spec, n).map((frame) => {
      const at = frame * batch + n;
      const step = cell(x.subarray(at * inputSize, (at + 1) * inputSize), state);
      state = step.state;
      output.set(state[0]!, at * outputSize);
      return { frame, step };
    });
    state.forEach((part, k) => final[k]!.set(part, n * sizes[k]!));
    return done;
  });
  return { output, final, trace };
}

/** Walks the trace back. Frames that were never run leave dx at 0; a null gradient is zeros. */
export function runBackward<Name extends string>(
  spec: SequenceSpec<unknown>,
  trace: Trace<Name>,
  dOutput: Float64Array | null,
  dFinal: readonly (Float64Array | null)[],
  sizes: readonly number[],
  into: WeightGradients<Name>,
): { dx: Float64Array; dInitial: State } {
  const { steps, batch, inputSize } = spec;
  const outputSize = sizes[0]!;
  const dx = new Float64Array(steps * batch * inputSize);
  const dInitial = sizes.map((size) => new Float64Array(batch * size));
  trace.forEach((done, n) => {
    let dState: State = sizes.map((size, k) => dFinal[k]?.slice(n * size, (n + 1) * size) ?? new Float64Array(size));
    for (const { frame, step } of [...done].reverse()) {
      const at = frame * batch + n;
      if (dOutput) {
        const dFrame = dOutput.subarray(at * outputSize, (at + 1) * outputSize);
        dState = [dState[0]!.map((value, j) => value + dFrame[j]!), ...dState.slice(1)];
      }
      const gradient = step.backward(dState, into);
      dx.set(gradient.dx, at * inputSize);
      dState = gradient.dState;
    }
    dState.forEach((part, k) => dInitial[k]!.set(part, n * sizes[k]!));
  });
  return { dx, dInitial };
}

function rowsOf(whole: State, sizes: readonly number[], n: number): State {
  return whole.map((part, k) => part.slice(n * sizes[k]!, (n + 1) * sizes[k]!));
}

/** The arrays that all three sequence operations read, checked; a null bias or state is zeros. */
export interface Weights {
  readonly x: Float64Array;
  readonly weightIh: Float64Array;
  readonly weightHh: Float64Array;
  readonly biasIh: Float64Array;
  readonly biasHh: Float64Array;
  readonly h0: Float64Array;
}

export function openInputs(
  heap: Heap,
  where: string,
  spec: SequenceSpec<unknown>,
  inputs: SequenceInputs,
  gates: number,
  outputSize: number,
): Weights {
  const { steps, batch, inputSize, hiddenSize } = spec;
  if (spec.lengths !== null) checkLengths(where, 'lengths', spec.lengths, batch, steps);
  const rows = gates * hiddenSize;
  return {
    x: heap.floats(where, inputs.x, steps * batch * inputSize),
    weightIh: heap.floats(where, inputs.weightIh, rows * inputSize),
    weightHh: heap.floats(where, inputs.weightHh, rows * outputSize),
    biasIh: floatsOrZeros(heap, where, inputs.biasIh, rows),
    biasHh: floatsOrZeros(heap, where, inputs.biasHh, rows),
    h0: floatsOrZeros(heap, where, inputs.h0, batch * outputSize),
  };
}

export function floatsOrZeros(heap: Heap, where: string, buffer: DeviceBuffer | null, length: number): Float64Array {
  return buffer === null ? new Float64Array(length) : heap.floats(where, buffer, length);
}

/** The buffer's contents, or null for a gradient that was not given. */
export function floatsOrNull(
  heap: Heap,
  where: string,
  buffer: DeviceBuffer | null,
  length: number,
): Float64Array | null {
  return buffer === null ? null : heap.floats(where, buffer, length);
}
