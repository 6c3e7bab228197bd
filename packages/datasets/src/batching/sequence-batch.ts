import { ArgumentError, type Backend, checkValue, is, ShapeError, type Tensor, tensor } from '@timestep/core';
import { isIndices } from '../checks.ts';
import { checkFeatures, type Features } from '../features.ts';

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
  checkValue('batchSequences', 'sequences', sequences, is.arrayOf(is.object, 'an array of features'));
  sequences.forEach((sequence, n) => checkFeatures('batchSequences', sequence, `sequences[${n}]`));
  const [first] = sequences;
  if (!first) throw new ArgumentError('[batchSequences] expected at least one sequence');
  const { size } = first;
  const steps = sequences.reduce((most, sequence) => Math.max(most, sequence.steps), 0);
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

/**
 * Pads label sequences to one length; an empty one is legal.
 *
 * @throws ArgumentError for labels that are no whole numbers of at least 0
 * @example
 * batchTargets([[3, 1, 2], [4]]);    // targets 3 1 2 | 4 0 0, lengths 3 1, maxLength 3
 */
export function batchTargets(targets: readonly ArrayLike<number>[]): TargetBatch {
  checkValue('batchTargets', 'targets', targets, is.arrayOf(isIndices, 'an array of label sequences'));
  const lengths = Int32Array.from(targets, (target) => target.length);
  const maxLength = lengths.reduce((most, length) => Math.max(most, length), 0);
  const padded = new Int32Array(targets.length * maxLength);
  targets.forEach((target, n) => padded.set(Array.from(target), n * maxLength));
  return { targets: padded, lengths, maxLength };
}

/**
 * The batch on a device, `[T, N, D]`.
 *
 * @throws ArgumentError for what is no batch, ShapeError where data and shape disagree
 */
export function batchToTensor(backend: Backend, batch: SequenceBatch): Tensor {
  checkValue('batchToTensor', 'batch', batch, is.like('a batch { data, shape, lengths }', 'data', 'shape'));
  const { data, shape } = batch;
  checkValue('batchToTensor', 'batch.data', data, is.instanceOf(Float32Array));
  checkValue('batchToTensor', 'batch.shape', shape, is.arrayOf(is.integer(0), 'a shape'));
  return tensor(backend, data, { shape: [...shape] });
}
