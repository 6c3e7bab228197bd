import { ArgumentError, type Backend, checkValue, is, ShapeError, type Tensor, tensor } from '@timestep/core';
import { isIndices } from '../checks.ts';
import { checkFeatures, type Features } from '../features.ts';

/** A batch of sequences, time first. */
export interface SequenceBatch {
  /** `[T, N, D]`, 0 past a sequence's length */
  readonly data: Float32Array;
  readonly shape: readonly [steps: number, batch: number, features: number];
  /** `[N]` */
  readonly lengths: Int32Array;
}

/** A batch of label sequences. */
export interface TargetBatch {
  /** `[N, max(L)]`, row-major, 0 past a target's length */
  readonly targets: Int32Array;
  /** `[N]` */
  readonly lengths: Int32Array;
  /** max(L) */
  readonly maxLength: number;
}

/**
 * Makes a batch of sequences: `data[t, n, d] = sequences[n][t, d]`. T is the length of the longest.
 *
 * @throws ArgumentError for an empty array, ShapeError for sequences that differ in D
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
 * Pads label sequences to the same length. A sequence may be empty.
 *
 * @throws ArgumentError for labels that are not integers ≥ 0
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
 * Copies a batch to a device.
 *
 * @returns a tensor `[T, N, D]`
 * @throws ArgumentError if `batch` is not a batch, ShapeError if data and shape do not match
 * @example
 * const x = batchToTensor(backend, batchSequences(features));
 */
export function batchToTensor(backend: Backend, batch: SequenceBatch): Tensor {
  checkValue('batchToTensor', 'batch', batch, is.like('a batch { data, shape, lengths }', 'data', 'shape'));
  const { data, shape } = batch;
  checkValue('batchToTensor', 'batch.data', data, is.instanceOf(Float32Array));
  checkValue('batchToTensor', 'batch.shape', shape, is.arrayOf(is.integer(0), 'a shape'));
  return tensor(backend, data, { shape: [...shape] });
}
