import { createScope, ctcLoss, mean, type Tensor } from '@timestep/core';
import { ctcGreedyDecode } from '@timestep/ctc';
import { batchSequences, batchToTensor, bucketByLength, type Features, type SequenceBatch } from '@timestep/datasets';
import type { CTCRecognizer } from './network.ts';

/** The result for one sequence. */
export interface Reading {
  /** Labels, counted from 0: the class of the label less one */
  readonly labels: readonly number[];
  /** The network's step at which each label begins, and the one after its end */
  readonly spans: readonly (readonly [start: number, end: number])[];
  /** `[steps, classes]`, row-major */
  readonly logits: Float32Array;
  readonly steps: number;
}

/** A batch to train on. */
export interface LabelledBatch extends SequenceBatch {
  /** The labels of each sequence, counted from 0 */
  readonly labels: readonly (readonly number[])[];
}

/** Sequences that go through the network at once. */
const batchSize = 32;

/** Reads sequences by the most probable class of each step, in the order given. */
export async function readSequences(model: CTCRecognizer, sequences: readonly Features[]): Promise<Reading[]> {
  const { classes } = model;
  const readings = new Array<Reading>(sequences.length);
  for (const indices of bucketByLength(
    sequences.map(({ steps }) => steps),
    { batchSize },
  )) {
    const batch = batchSequences(indices.map((index) => sequences[index]!));
    const { data, lengths } = await logitsOf(model, batch);
    const steps = data.length / (indices.length * classes);
    ctcGreedyDecode({ data, shape: [steps, indices.length, classes], lengths }).forEach(
      ({ tokens, starts, ends }, n) => {
        const own = new Float32Array(lengths[n]! * classes);
        for (let t = 0; t < lengths[n]!; t++)
          own.set(
            data.subarray((t * indices.length + n) * classes, (t * indices.length + n + 1) * classes),
            t * classes,
          );
        readings[indices[n]!] = {
          labels: tokens.map((token) => token - 1),
          spans: starts.map((start, i) => [start, ends[i]!]),
          logits: own,
          steps: lengths[n]!,
        };
      },
    );
  }
  return readings;
}

async function logitsOf(
  model: CTCRecognizer,
  batch: SequenceBatch,
): Promise<{ data: Float32Array; lengths: Int32Array }> {
  const { backend } = model.head.weight;
  using scope = createScope(backend, { gradient: false, training: false });
  const { logits, lengths } = scope.run(() => model.forward(batchToTensor(backend, batch), batch.lengths));
  return { data: (await logits.data()) as Float32Array, lengths };
}

/** The mean CTC loss of a batch, in nats a sequence. */
export function ctcBatchLoss(model: CTCRecognizer, batch: LabelledBatch): Tensor {
  const { backend } = model.head.weight;
  const { logits, lengths } = model.forward(batchToTensor(backend, batch), batch.lengths);
  // A sequence that augmentation left too short for its labels says nothing and costs nothing.
  return mean(
    ctcLoss(logits, {
      targets: batch.labels.map((labels) => labels.map((label) => label + 1)),
      inputLengths: lengths,
      zeroInfinity: true,
    }),
  );
}

/** Probabilities of each row of logits. */
export function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += classes) {
    const row = logits.subarray(at, at + classes);
    const most = Math.max(...row);
    const total = row.reduce((sum, value) => sum + Math.exp(value - most), 0);
    row.forEach((value, i) => (out[at + i] = Math.exp(value - most) / total));
  }
  return out;
}
