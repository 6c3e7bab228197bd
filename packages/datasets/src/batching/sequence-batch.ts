import { ArgumentError, type Backend, ShapeError, type Tensor, tensor } from '@timestep/core';
import type { Features } from '../features.ts';

/** Several sequences side by side, time first. */
export interface SequenceBatch {
  /** `[T, N, D]`, 0 past a sequence's length */
  readonly data: Float32Array;
  readonly shape: readonly [steps: number, batch: number, features: number];
  /** `[N]` */
  readonly lengths: Int32Array;
}

/** Label sequences side by side. */
export interface TargetBatch {
  /** `[N, max(L)]`, row-major, 0 past a target's length */
  readonly targets: Int32Array;
  /** `[N]` */
  readonly lengths: Int32Array;
  /** max(L) */
  readonly maxLength: number;
}

/**
 * Lays sequences side by side: `data[t, n, d] = sequences[n][t, d]`, T the longest.
 *
 * @throws ArgumentError for no sequences, ShapeError where they differ in D
 * @example
 * const { data, shape, lengths } = batchSequences([short, long]);    // shape [long.steps, 2, D]
 */
export function batchSequences(sequences: readonly Features[]): SequenceBatch {
  const [first] = sequences;
  if (!first) throw new ArgumentError('[batchSequences] expected at least one sequence');
  const { size } = first;
  const steps = Math.max(...sequences.map((sequence) => sequence.steps));
  const batch = sequences.length;
  const data = new Float32Array(steps * batch * size);
  sequences.forEach((sequence, n) => {
    if (sequence.size !== size) {
      throw new ShapeError(
        `[batchSequences] expected sequences of ${size} features as the first has, got ${sequence.size} in sequence ${n}; make all with the same settings`,
      );
    }
    for (let t = 0; t < sequence.steps; t++)
      data.set(sequence.data.subarray(t * size, (t + 1) * size), (t * batch + n) * size);
  });
  return { data, shape: [steps, batch, size], lengths: Int32Array.from(sequences, (sequence) => sequence.steps) };
}

/** Pads label sequences to one length; an empty one is legal. */
export function batchTargets(targets: readonly ArrayLike<number>[]): TargetBatch {
  const lengths = Int32Array.from(targets, (target) => target.length);
  const maxLength = lengths.reduce((most, length) => Math.max(most, length), 0);
  const padded = new Int32Array(targets.length * maxLength);
  targets.forEach((target, n) => padded.set(Array.from(target), n * maxLength));
  return { targets: padded, lengths, maxLength };
}

/** The batch on a device, `[T, N, D]`. */
export function batchToTensor(backend: Backend, { data, shape }: SequenceBatch): Tensor {
  return tensor(backend, data, { shape: [...shape] });
}
