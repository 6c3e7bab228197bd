import type { DeviceBuffer, MaybeBuffer, SequenceSpec } from '@timestep/backend-api';
import type { Runtime } from '../../device/runtime.ts';
import { fill } from '../../ops/data.ts';
import { product } from '../../ops/matmul.ts';
import { reduce } from '../../ops/reduce.ts';
import { clearPadding, copyOrZeros, copyPart, gatherStarts, maskPadding, placeOrZeros } from './common.ts';

/** The gradients of every gate before its nonlinearity, `[T, N, pitch]`, 0 at and past each length. */
export interface GateGradients {
  readonly buffer: DeviceBuffer;
  readonly pitch: number;
  readonly spec: SequenceSpec<unknown>;
  readonly lengths: MaybeBuffer;
}

/** A stretch of gate columns. */
export interface Columns {
  readonly first: number;
  readonly count: number;
}

/** dx = da·W_ih, over the first `rows` columns. */
export function inputGradient(
  runtime: Runtime,
  { buffer, pitch, spec, lengths }: GateGradients,
  weightIh: DeviceBuffer,
  rows: number,
): DeviceBuffer {
  const { steps, batch, inputSize } = spec;
  const out = runtime.alloc('f32', steps * batch * inputSize);
  product(runtime, { a: buffer, b: weightIh, out, m: steps * batch, n: inputSize, k: rows, aPitch: pitch });
  if (lengths !== null && out.length > 0) clearPadding(runtime, out, spec, lengths);
  return out;
}

/** dW_ih = daᵀ·x over all frames, over the first `rows` columns. */
export function inputWeightGradient(
  runtime: Runtime,
  { buffer, pitch, spec, lengths }: GateGradients,
  x: DeviceBuffer,
  rows: number,
): DeviceBuffer {
  const { steps, batch, inputSize } = spec;
  const out = runtime.alloc('f32', rows * inputSize);
  const masked =
    lengths === null || x.length === 0 ? x : maskPadding(runtime, x, { batch, width: inputSize, early: 0 }, lengths);
  product(runtime, {
    a: buffer,
    b: masked,
    out,
    m: rows,
    n: inputSize,
    k: steps * batch,
    transposeA: true,
    aPitch: pitch,
  });
  if (masked !== x) runtime.free(masked);
  return out;
}

/** Sums over all frames: `[pitch]`. */
export function gateSums(runtime: Runtime, { buffer, pitch, spec }: GateGradients): DeviceBuffer {
  const out = runtime.alloc('f32', pitch);
  reduce(runtime, 'sum', buffer, out, { outer: 1, length: spec.steps * spec.batch, inner: pitch });
  return out;
}

/** Both bias gradients where they are the same sums. */
export function equalBiasGradients(
  runtime: Runtime,
  gradients: GateGradients,
  wanted: { readonly biasIh: boolean; readonly biasHh: boolean },
): { biasIh: MaybeBuffer; biasHh: MaybeBuffer } {
  if (!wanted.biasIh && !wanted.biasHh) return { biasIh: null, biasHh: null };
  const sums = gateSums(runtime, gradients);
  if (!wanted.biasIh) return { biasIh: null, biasHh: sums };
  if (!wanted.biasHh) return { biasIh: sums, biasHh: null };
  const other = runtime.alloc('f32', sums.length);
  copyPart(runtime, sums, 0, other, 0, sums.length);
  return { biasIh: sums, biasHh: other };
}

/** The hidden states that a step reads: those of the frame before it, and the initial ones. */
export interface HiddenStates {
  readonly output: DeviceBuffer;
  readonly h0: MaybeBuffer;
  readonly width: number;
}

/** The sequences of no step at all. */
function idleSequences({ lengths }: SequenceSpec<unknown>): number[] {
  return [...(lengths ?? [])].flatMap((length, n) => (length === 0 ? [n] : []));
}

/**
 * Hands `use` the hidden states with zeros where no step of the sequence reads them: the gradients there are zeros,
 * which an infinite state would turn into NaN.
 */
export function withHiddenStates(
  runtime: Runtime,
  { spec, lengths }: GateGradients,
  { output, h0, width }: HiddenStates,
  use: (states: HiddenStates) => void,
): void {
  const { batch, reverse } = spec;
  // In reverse what comes before the first step is padding, zeros already.
  const masks = lengths !== null && !reverse && output.length > 0;
  const read = masks ? maskPadding(runtime, output, { batch, width, early: 1 }, lengths) : output;
  const idle = h0 === null ? [] : idleSequences(spec);
  const started = idle.length === 0 ? h0 : copyOrZeros(runtime, h0, batch * width);
  for (const n of idle) placeOrZeros(runtime, null, started!, n * width, width);
  use({ output: read, h0: started, width });
  if (read !== output) runtime.free(read);
  if (started !== null && started !== h0) runtime.free(started);
}

/** Where the gate gradients of the first step of each sequence stand. The caller frees `gathered`. */
export interface Starts {
  readonly buffer: DeviceBuffer;
  readonly offset: number;
  readonly gathered: MaybeBuffer;
}

export function startsOf(runtime: Runtime, { buffer, pitch, spec, lengths }: GateGradients): Starts {
  const { steps, batch, reverse } = spec;
  if (!reverse || buffer.length === 0) return { buffer, offset: 0, gathered: null };
  if (lengths === null) return { buffer, offset: (steps - 1) * batch * pitch, gathered: null };
  const gathered = gatherStarts(runtime, buffer, batch, pitch, lengths);
  return { buffer: gathered, offset: 0, gathered };
}

/** Rows from `outOffset` on: Σ over steps of daᵀ·h of the step before. `out` is whole gradients or a part of them. */
export function recurrentWeightGradient(
  runtime: Runtime,
  { buffer, pitch, spec }: GateGradients,
  starts: Starts,
  { output, h0, width }: HiddenStates,
  columns: Columns,
  out: DeviceBuffer,
  outOffset: number,
): void {
  const { steps, batch, reverse } = spec;
  const shape = { out, m: columns.count, n: width, transposeA: true, aPitch: pitch, outOffset };
  const later = batch * pitch;
  const rest = batch * width;
  const [aOffset, bOffset] = reverse ? [columns.first, rest] : [later + columns.first, 0];
  product(runtime, { ...shape, a: buffer, b: output, aOffset, bOffset, k: (steps - 1) * batch });
  if (h0 === null) return;
  product(runtime, {
    ...shape,
    a: starts.buffer,
    aOffset: starts.offset + columns.first,
    b: h0,
    k: batch,
    accumulate: true,
  });
}

/** dh0: adds da·U of each sequence's first step to `carry`, what reached the initial state without U. */
export function initialGradient(
  runtime: Runtime,
  { pitch, spec }: GateGradients,
  starts: Starts,
  weight: DeviceBuffer,
  weightOffset: number,
  width: number,
  columns: Columns,
  carry: DeviceBuffer,
): void {
  const aOffset = starts.offset + columns.first;
  // A sequence without a step gets nothing through U; zeros times an infinite weight would be NaN.
  const idle = idleSequences(spec);
  const before = idle.length === 0 ? null : copyOrZeros(runtime, carry, carry.length);
  product(runtime, {
    a: starts.buffer,
    aOffset,
    aPitch: pitch,
    b: weight,
    bOffset: weightOffset,
    out: carry,
    m: spec.batch,
    n: width,
    k: columns.count,
    accumulate: true,
  });
  if (before === null) return;
  for (const n of idle) copyPart(runtime, before, n * width, carry, n * width, width);
  runtime.free(before);
}

/** A buffer of zeros. */
export function zeros(runtime: Runtime, length: number): DeviceBuffer {
  const out = runtime.alloc('f32', length);
  fill(runtime, out, 0);
  return out;
}
