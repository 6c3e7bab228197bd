import type { DeviceBuffer, LstmInputs, Saved, SequenceInputs, SequenceSpec } from '@timestep/backend-api';
import type { CpuBackend } from '@timestep/backend-cpu/extend';
import type { RecurrentKind } from '../dnnl/functions.ts';
import type { RecurrentSizes } from '../dnnl/recurrent.ts';
import { packBias, weightInOrder } from './gates.ts';
import { PackedWeight, type Native } from './native.ts';
import { packSequences, wholePiece, type Packing, type Piece } from './pieces.ts';
import { permuteRows, sortedState, unpackRows } from './states.ts';

/** What a piece keeps for the backward pass: the library's workspace and the states after its last step. */
export interface PieceStates {
  readonly h: DeviceBuffer;
  readonly c: DeviceBuffer | null;
  readonly workspace: DeviceBuffer | null;
}

/** What the forward pass keeps for the backward pass. */
export class NativeSaved implements Saved {
  readonly packing: Packing | null;
  readonly pieces: readonly Piece[];
  readonly states: readonly PieceStates[];
  /** h0 and c0 as the first piece got them */
  readonly h0: DeviceBuffer;
  readonly c0: DeviceBuffer | null;
  readonly #backend: CpuBackend;

  constructor(backend: CpuBackend, parts: { packing: Packing | null; pieces: readonly Piece[]; states: readonly PieceStates[]; h0: DeviceBuffer; c0: DeviceBuffer | null }) {
    this.#backend = backend;
    this.packing = parts.packing;
    this.pieces = parts.pieces;
    this.states = parts.states;
    this.h0 = parts.h0;
    this.c0 = parts.c0;
  }

  release(): void {
    const buffers = [this.h0, this.c0, ...this.states.flatMap((one) => [one.h, one.c, one.workspace])];
    for (const buffer of buffers) if (buffer !== null) this.#backend.free(buffer);
  }
}

export interface ForwardOutputs {
  readonly output: DeviceBuffer;
  readonly hN: DeviceBuffer;
  readonly cN: DeviceBuffer | null;
}

/** The sizes of a piece's primitive. A packed sequence is laid out in its own direction, so that it always runs forward. */
export function sizesOf(kind: RecurrentKind, spec: SequenceSpec<unknown>, piece: Piece, packed: boolean): RecurrentSizes {
  return { kind, steps: piece.steps, batch: piece.batch, inputSize: spec.inputSize, hiddenSize: spec.hiddenSize, reverse: spec.reverse && !packed };
}

/** The input as the pieces read it: packed, or as it is. The caller frees what is packed. */
export function packedInput(backend: CpuBackend, packing: Packing | null, x: DeviceBuffer, columns: number): DeviceBuffer {
  if (packing === null) return x;
  const packed = backend.alloc('f32', packing.rows * columns);
  permuteRows(backend, x, packing.rowIndex, packed, columns);
  return packed;
}

/** A whole sequence of the kind, forward. */
export function forward(native: Native, kind: RecurrentKind, spec: SequenceSpec<unknown>, inputs: SequenceInputs & Partial<Pick<LstmInputs, 'c0'>>): { outputs: ForwardOutputs; saved: NativeSaved | null } {
  const { backend, primitives, memory } = native;
  const { engine } = backend;
  const { steps, batch, inputSize, hiddenSize, lengths } = spec;
  const cell = kind === 'lstm';
  native.useThreads();
  const packing = lengths === null ? null : packSequences(lengths, batch, spec.reverse);
  const pieces = packing?.pieces ?? wholePiece(steps, batch);
  const output = backend.alloc('f32', steps * batch * hiddenSize);
  const hN = backend.alloc('f32', batch * hiddenSize);
  const cN = cell ? backend.alloc('f32', batch * hiddenSize) : null;
  const h0 = sortedState(backend, packing, inputs.h0, batch, hiddenSize);
  const c0 = cell ? sortedState(backend, packing, inputs.c0 ?? null, batch, hiddenSize) : null;
  const x = packedInput(backend, packing, inputs.x, inputSize);
  const y = packing === null ? output : backend.alloc('f32', packing.rows * hiddenSize);
  const states: PieceStates[] = [];
  engine.withScratch((scratch) => {
    const order = (weight: DeviceBuffer, columns: number): number => weightInOrder(engine, scratch, kind, engine.address(weight), hiddenSize, columns);
    const weightIh = new PackedWeight(native, scratch, order(inputs.weightIh, inputSize));
    const weightHh = new PackedWeight(native, scratch, order(inputs.weightHh, hiddenSize));
    const bias = packBias(engine, scratch, kind, inputs.biasIh, inputs.biasHh, hiddenSize);
    pieces.forEach((piece, k) => {
      const primitive = primitives.forward(sizesOf(kind, spec, piece, packing !== null), spec.needsSaved);
      const before = states[k - 1] ?? { h: h0, c: c0 };
      const after: PieceStates = {
        h: backend.alloc('f32', piece.batch * hiddenSize),
        c: cell ? backend.alloc('f32', piece.batch * hiddenSize) : null,
        workspace: spec.needsSaved ? backend.alloc('f32', Math.ceil(primitive.workspaceBytes / 4)) : null,
      };
      states.push(after);
      const offsets = [
        engine.address(x) + 4 * piece.firstRow * inputSize, engine.address(before.h), ...(before.c ? [engine.address(before.c)] : []),
        weightIh.get(primitive.weightsLayer), weightHh.get(primitive.weightsIter), bias,
        engine.address(y) + 4 * piece.firstRow * hiddenSize, engine.address(after.h), ...(after.c ? [engine.address(after.c)] : []),
        ...(after.workspace ? [engine.address(after.workspace)] : []),
      ];
      primitive.primitive.execute(offsets.map((offset) => memory.at(offset)));
    });
  });
  finalState(backend, packing, pieces, [h0, ...states.map((one) => one.h)], hN, hiddenSize);
  if (cN) finalState(backend, packing, pieces, [c0!, ...states.map((one) => one.c!)], cN, hiddenSize);
  if (packing !== null) {
    unpackRows(backend, y, packing.rowIndex, output, hiddenSize);
    backend.free(x);
    backend.free(y);
  }
  const saved = new NativeSaved(backend, { packing, pieces, states, h0, c0 });
  if (!spec.needsSaved) saved.release();
  return { outputs: { output, hN, cN }, saved: spec.needsSaved ? saved : null };
}

/** Gathers the state of each sequence after its own last piece; `states[k]` is before piece k, the last one after all. */
function finalState(backend: CpuBackend, packing: Packing | null, pieces: readonly Piece[], states: readonly DeviceBuffer[], out: DeviceBuffer, hiddenSize: number): void {
  if (packing === null) {
    backend.hostView(out).set(backend.hostView(states[pieces.length]!));
    return;
  }
  const sorted = backend.alloc('f32', out.length);
  const target = backend.hostView(sorted);
  states.forEach((state, k) => {
    // Before piece k those are complete that it no longer has.
    const first = pieces[k]?.batch ?? 0;
    const end = pieces[k - 1]?.batch ?? packing.order.length;
    if (first < end) target.set(backend.hostView(state).subarray(first * hiddenSize, end * hiddenSize), first * hiddenSize);
  });
  permuteRows(backend, sorted, packing.places, out, hiddenSize);
  backend.free(sorted);
}
