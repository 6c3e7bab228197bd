import type { SequenceSpec } from '@timestep/backend-api';
import type { CpuBuffer } from '../engine/buffer.ts';
import type { Engine } from '../engine/engine.ts';

/** The kernels work on whole pairs of vectors. */
export function padded(size: number): number {
  return Math.ceil(size / 8) * 8;
}

/**
 * Floats from one row of gates to the next. Rows 2 KiB or a multiple apart would fall into the same few sets of a
 * first-level cache (16 rows of 4 KiB into one set of 12 ways): such rows get a line more.
 */
function gateStride(blocks: number, hiddenSize: number): number {
  const floats = blocks * padded(hiddenSize);
  return floats % 512 === 0 ? floats + 16 : floats;
}

/**
 * How a call goes over its sequences: sorted by length, so that those that have ended cost nothing. The kernels find it
 * in the slots of `Sequence` (assembly/sequence/sequence.ts), which `slots` fills.
 */
export interface SequencePlan {
  readonly slots: readonly number[];
  /** N */
  readonly batch: number;
  /** Steps of all sequences together: rows of everything that is kept for each step. */
  readonly rows: number;
  /** Floats of a row of gates */
  readonly gateStride: number;
  /** Products are made by a library outside: the backend has one, and the steps are large enough. */
  readonly outside: boolean;
  /** The packed rows are the rows t·N + n themselves, in their order. */
  readonly straight: boolean;
  /** Address of the row numbers t·N + n, by packed row */
  readonly rowIndex: number;
  /** Holds the tables; freed by the plan's owner. */
  readonly tables: CpuBuffer;
}

/** By lengths array: the layers and directions of a model, and their backward passes, are given the same one. */
const orders = new WeakMap<Int32Array, readonly number[]>();

/** The sequences from the longest to the shortest; sorted once for an array of lengths. */
function orderOf(lengths: Int32Array): readonly number[] {
  const known = orders.get(lengths);
  // The elements may have been changed since.
  if (known?.every((n, position) => position === 0 || compare(known[position - 1]!, n) < 0)) return known;
  const order = Array.from(lengths, (_, n) => n).sort(compare);
  orders.set(lengths, order);
  return order;

  function compare(a: number, b: number): number {
    return lengths[b]! - lengths[a]! || a - b;
  }
}

/** `outputSize` is P; `blocks` are the parts of H floats that a row of gates has. */
export function planSequence(
  engine: Engine,
  spec: SequenceSpec<unknown>,
  outputSize: number,
  blocks: number,
): SequencePlan {
  const { steps, batch, inputSize, hiddenSize, reverse } = spec;
  const lengthOf = (n: number): number => spec.lengths?.[n] ?? steps;
  const order = spec.lengths ? orderOf(spec.lengths) : Array.from({ length: batch }, (_, n) => n);
  const longest = batch > 0 ? lengthOf(order[0]!) : 0;
  let rows = 0;
  for (const n of order) rows += lengthOf(n);

  const tables = engine.allocate('i32', 2 * batch + 2 * (longest + 1) + rows);
  const start = engine.address(tables);
  const memory = engine.i32;
  order.forEach((n, position) => {
    memory[start / 4 + position] = n;
    memory[start / 4 + batch + position] = lengthOf(n);
  });
  const lengths = start + 4 * batch;
  const active = lengths + 4 * batch;
  const offsets = active + 4 * (longest + 1);
  const rowIndex = offsets + 4 * (longest + 1);
  const stride = gateStride(blocks, hiddenSize);
  const operations = blocks * batch * hiddenSize * outputSize;
  const outside = operations > 0 && operations >= engine.outsideFrom;
  const sizes = [
    steps,
    longest,
    batch,
    inputSize,
    hiddenSize,
    padded(hiddenSize),
    outputSize,
    padded(outputSize),
    stride,
  ];
  const slots = [...sizes, Number(outside), active, offsets, rowIndex, start, lengths];
  engine.run('layOutSequences', 1, [...slots, Number(reverse)]);
  return { slots, batch, rows, gateStride: stride, outside, straight: !spec.lengths && !reverse, rowIndex, tables };
}

/** Returns the nanoseconds that a core takes for this number of multiply-adds in matrix products. */
export function productTime(operations: number): number {
  return operations / 25;
}

/** Parts of a sweep whose whole takes one core `nanoseconds`: a part has a sequence at least. */
export function sweepParts(engine: Engine, batch: number, nanoseconds: number): number {
  return Math.max(1, Math.min(batch, engine.partsFor(nanoseconds)));
}

/** Rows that an input product takes at a time: enough for tall tiles, few enough to stay in the second-level cache. */
export function chunkRows(plan: SequencePlan, batch: number, parts: number): number {
  return Math.max(plan.outside ? 128 : 36, Math.ceil(batch / parts));
}

/** Rounds a number of bytes up to whole cache lines, so that no two parts write to one. */
export function wholeLines(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
