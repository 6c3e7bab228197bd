import type { DeviceBuffer, LstmInputGradients, LstmInputs, LstmOutputGradients, SequenceInputs, SequenceSpec, Wanted } from '@timestep/backend-api';
import type { CpuBackend } from '@timestep/backend-cpu/extend';
import type { RecurrentKind } from '../dnnl/functions.ts';
import { biasRowsOf, gatesOf } from '../dnnl/recurrent.ts';
import { packedInput, sizesOf, type ForwardOutputs, type NativeSaved } from './forward.ts';
import { packBias, swapGates, unpackBias, weightInOrder } from './gates.ts';
import { GradientSum, PackedWeight, type Native, type Scratch } from './native.ts';
import type { Piece } from './pieces.ts';
import { permuteRows, sortedState, unpackRows } from './states.ts';

type Gradients = Pick<LstmInputGradients, 'x' | 'weightIh' | 'weightHh' | 'biasIh' | 'biasHh' | 'h0' | 'c0'>;

export interface BackwardCall {
  readonly inputs: SequenceInputs & Partial<Pick<LstmInputs, 'c0'>>;
  readonly outputs: ForwardOutputs;
  readonly saved: NativeSaved;
  readonly gradients: Partial<LstmOutputGradients>;
  readonly wanted: Partial<Wanted<Gradients>>;
}

/**
 * The gradient of a state on its way back through the pieces. What comes out of one piece goes into the one before it,
 * together with the final gradient of the sequences that end there.
 */
class StateGradient {
  readonly #backend: CpuBackend;
  readonly #hiddenSize: number;
  readonly #final: DeviceBuffer;
  #incoming: DeviceBuffer;
  #outgoing: DeviceBuffer;

  constructor(backend: CpuBackend, final: DeviceBuffer, hiddenSize: number) {
    this.#backend = backend;
    this.#hiddenSize = hiddenSize;
    this.#final = final;
    this.#incoming = backend.alloc('f32', final.length);
    this.#outgoing = backend.alloc('f32', final.length);
  }

  /** Readies the gradient after a piece; `after` sequences go on beyond it. Returns where it is, and where that before the piece goes. */
  enter(piece: Piece, after: number): readonly [incoming: DeviceBuffer, outgoing: DeviceBuffer] {
    this.#endAt(after, piece.batch);
    return [this.#incoming, this.#outgoing];
  }

  leave(): void {
    [this.#incoming, this.#outgoing] = [this.#outgoing, this.#incoming];
  }

  /** The gradient of the first state, of all sequences; also of those that have no step. */
  first(alive: number): DeviceBuffer {
    this.#endAt(alive, this.#final.length / this.#hiddenSize);
    return this.#incoming;
  }

  #endAt(first: number, end: number): void {
    const view = this.#backend.hostView(this.#incoming);
    view.set(this.#backend.hostView(this.#final).subarray(first * this.#hiddenSize, end * this.#hiddenSize), first * this.#hiddenSize);
  }

  free(): void {
    for (const buffer of [this.#final, this.#incoming, this.#outgoing]) this.#backend.free(buffer);
  }
}

/** A whole sequence of the kind, backward. The library always makes every gradient; those not wanted are thrown away. */
export function backward(native: Native, kind: RecurrentKind, spec: SequenceSpec<unknown>, call: BackwardCall): Gradients {
  const { backend } = native;
  const { steps, batch, inputSize, hiddenSize } = spec;
  const { saved, wanted, gradients, inputs } = call;
  const { packing } = saved;
  native.useThreads();
  const make = (isWanted: boolean | undefined, length: number): DeviceBuffer | null => (isWanted ? backend.alloc('f32', length) : null);
  const gates = gatesOf(kind);
  const result = {
    x: make(wanted.x, steps * batch * inputSize),
    weightIh: make(wanted.weightIh, gates * hiddenSize * inputSize),
    weightHh: make(wanted.weightHh, gates * hiddenSize * hiddenSize),
    biasIh: make(wanted.biasIh, gates * hiddenSize),
    biasHh: make(wanted.biasHh, gates * hiddenSize),
    h0: make(wanted.h0, batch * hiddenSize),
    c0: make(wanted.c0, batch * hiddenSize),
  };
  const rows = packing?.rows ?? steps * batch;
  const borrowed: DeviceBuffer[] = [];
  const borrow = (buffer: DeviceBuffer): DeviceBuffer => {
    borrowed.push(buffer);
    return buffer;
  };
  const packed = (buffer: DeviceBuffer, columns: number): DeviceBuffer => (packing === null ? buffer : borrow(packedInput(backend, packing, buffer, columns)));
  const x = packed(inputs.x, inputSize);
  const y = packed(call.outputs.output, hiddenSize);
  const dy = gradients.output ? packed(gradients.output, hiddenSize) : borrow(zeros(backend, rows * hiddenSize));
  const dx = result.x !== null && packing === null ? result.x : borrow(backend.alloc('f32', rows * inputSize));
  const dh = new StateGradient(backend, sortedState(backend, packing, gradients.hN ?? null, batch, hiddenSize), hiddenSize);
  const dc = kind === 'lstm' ? new StateGradient(backend, sortedState(backend, packing, gradients.cN ?? null, batch, hiddenSize), hiddenSize) : null;

  backend.engine.withScratch((scratch) => {
    sweep(native, kind, spec, call, { scratch, x, y, dy, dx, dh, dc, result });
  });

  const alive = saved.pieces[0]?.batch ?? 0;
  if (result.h0) permuteRows(backend, dh.first(alive), packing?.places ?? null, result.h0, hiddenSize);
  if (result.c0 && dc) permuteRows(backend, dc.first(alive), packing?.places ?? null, result.c0, hiddenSize);
  if (result.x && packing) unpackRows(backend, dx, packing.rowIndex, result.x, inputSize);
  dh.free();
  dc?.free();
  for (const buffer of borrowed) backend.free(buffer);
  return result;
}

interface Sweep {
  readonly scratch: Scratch;
  readonly x: DeviceBuffer;
  readonly y: DeviceBuffer;
  readonly dy: DeviceBuffer;
  readonly dx: DeviceBuffer;
  readonly dh: StateGradient;
  readonly dc: StateGradient | null;
  readonly result: Gradients;
}

/** All the pieces, the last one first, and the weights' gradients. */
function sweep(native: Native, kind: RecurrentKind, spec: SequenceSpec<unknown>, call: BackwardCall, parts: Sweep): void {
  const { backend, primitives, memory } = native;
  const { engine } = backend;
  const { inputSize, hiddenSize } = spec;
  const { inputs, saved } = call;
  const { scratch, dh, dc, result } = parts;
  const order = (weight: DeviceBuffer, columns: number): number => weightInOrder(engine, scratch, kind, engine.address(weight), hiddenSize, columns);
  const weightIh = new PackedWeight(native, scratch, order(inputs.weightIh, inputSize));
  const weightHh = new PackedWeight(native, scratch, order(inputs.weightHh, hiddenSize));
  const gradientIh = new GradientSum(native, scratch);
  const gradientHh = new GradientSum(native, scratch);
  const bias = packBias(engine, scratch, kind, inputs.biasIh, inputs.biasHh, hiddenSize);
  const biasFloats = biasRowsOf(kind) * hiddenSize;
  const gradientBias = scratch(4 * biasFloats);
  engine.f32.fill(0, gradientBias / 4, gradientBias / 4 + biasFloats);

  for (let k = saved.pieces.length - 1; k >= 0; k--) {
    const piece = saved.pieces[k]!;
    const after = saved.states[k]!;
    const before = saved.states[k - 1] ?? { h: saved.h0, c: saved.c0 };
    const primitive = primitives.backward(sizesOf(kind, spec, piece, saved.packing !== null));
    const later = saved.pieces[k + 1]?.batch ?? 0;
    const [dhAfter, dhBefore] = dh.enter(piece, later);
    const cells = dc?.enter(piece, later);
    const cell = (buffer: DeviceBuffer | null | undefined): number[] => (buffer ? [engine.address(buffer)] : []);
    const at = (buffer: DeviceBuffer, columns: number): number => engine.address(buffer) + 4 * piece.firstRow * columns;
    const offsets = [
      at(parts.x, inputSize), engine.address(before.h), ...cell(before.c),
      weightIh.get(primitive.weightsLayer), weightHh.get(primitive.weightsIter), bias,
      at(parts.y, hiddenSize), engine.address(after.h), ...cell(after.c),
      engine.address(after.workspace!),
      at(parts.dx, inputSize), engine.address(dhBefore), ...cell(cells?.[1]),
      gradientIh.get(primitive.gradientLayer), gradientHh.get(primitive.gradientIter), gradientBias,
      at(parts.dy, hiddenSize), engine.address(dhAfter), ...cell(cells?.[0]),
    ];
    primitive.primitive.execute(offsets.map((offset) => memory.at(offset)));
    dh.leave();
    dc?.leave();
  }

  finishWeight(native, kind, scratch, gradientIh, result.weightIh, hiddenSize * inputSize);
  finishWeight(native, kind, scratch, gradientHh, result.weightHh, hiddenSize * hiddenSize);
  unpackBias(engine, kind, 'ih', gradientBias, result.biasIh, hiddenSize);
  unpackBias(engine, kind, 'hh', gradientBias, result.biasHh, hiddenSize);
}

function finishWeight(native: Native, kind: RecurrentKind, scratch: Scratch, sum: GradientSum, target: DeviceBuffer | null, block: number): void {
  if (target === null) return;
  const { engine } = native.backend;
  if (kind !== 'gru') {
    sum.finish(engine.address(target));
    return;
  }
  const ordered = scratch(12 * block);
  sum.finish(ordered);
  swapGates(engine, ordered, engine.address(target), block);
}

function zeros(backend: CpuBackend, length: number): DeviceBuffer {
  const buffer = backend.alloc('f32', length);
  backend.fill(buffer, 0);
  return buffer;
}
