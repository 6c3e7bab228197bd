import { type Backend, ctcLoss, mean, openScope, type Tensor } from '@timestep/core';
import { ctcGreedyDecode } from '@timestep/ctc';
import { batchSequences, batchToTensor, bucketByLength, type Features, type SequenceBatch } from '@timestep/datasets';
import { classes, type DigitRecognizer } from './recognizer.ts';

/** What a model makes of one utterance. */
export interface Transcript {
  readonly digits: readonly number[];
  /** The network's step at which each digit begins, and the one after its end */
  readonly spans: readonly (readonly [start: number, end: number])[];
  /** `[steps, 11]` logits, row-major */
  readonly logits: Float32Array;
  readonly steps: number;
}

/** Utterances that go through the network at once. */
const batchSize = 32;

/** Reads utterances by the most probable class of each step, in the order given. */
export async function transcribe(backend: Backend, model: DigitRecognizer, utterances: readonly Features[]): Promise<Transcript[]> {
  const wasTraining = model.training;
  model.eval();
  const transcripts = new Array<Transcript>(utterances.length);
  for (const indices of bucketByLength(utterances.map(({ steps }) => steps), { batchSize })) {
    const batch = batchSequences(indices.map((index) => utterances[index]!));
    const { data, lengths } = await logitsOf(backend, model, batch);
    const steps = data.length / (indices.length * classes);
    ctcGreedyDecode({ data, shape: [steps, indices.length, classes], lengths }).forEach(({ tokens, starts, ends }, n) => {
      const own = new Float32Array(lengths[n]! * classes);
      for (let t = 0; t < lengths[n]!; t++) own.set(data.subarray((t * indices.length + n) * classes, (t * indices.length + n + 1) * classes), t * classes);
      transcripts[indices[n]!] = { digits: tokens.map((token) => token - 1), spans: starts.map((start, i) => [start, ends[i]!]), logits: own, steps: lengths[n]! };
    });
  }
  model.train(wasTraining);
  return transcripts;
}

async function logitsOf(backend: Backend, model: DigitRecognizer, batch: SequenceBatch): Promise<{ data: Float32Array; lengths: Int32Array }> {
  using _scope = openScope(backend, { gradient: false });
  const { logits, lengths } = model.forward(batchToTensor(backend, batch), batch.lengths);
  return { data: (await logits.data()) as Float32Array, lengths };
}

/** The mean CTC loss of a batch in nats an utterance, each divided by its number of digits as PyTorch's `mean` does. */
export function batchLoss(backend: Backend, model: DigitRecognizer, batch: SequenceBatch & { readonly digits: readonly (readonly number[])[] }): Tensor {
  const { logits, lengths } = model.forward(batchToTensor(backend, batch), batch.lengths);
  // An utterance that is too short for its digits, as a very fast one may be, says nothing and costs nothing.
  return mean(ctcLoss(logits, { targets: batch.digits.map((digits) => digits.map((digit) => digit + 1)), inputLengths: lengths, zeroInfinity: true }));
}
