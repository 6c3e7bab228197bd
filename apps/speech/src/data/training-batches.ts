import type { LabelledBatch } from '@timestep/app-shared';
import { Generator } from '@timestep/core';
import { batchSequences, type RandomSource } from '@timestep/datasets';
import { augment } from './augment.ts';
import { createExtractor, type FeatureOptions } from './features.ts';
import type { Recording } from './recordings.ts';
import { bySpeaker, drawRecordings, joinRecordings, mostDigits, type Speakers, type Utterance } from './utterances.ts';

/** Where the utterances of a batch come from: each source with its share of them. */
export interface Source {
  readonly recordings: readonly Recording[];
  readonly share: number;
}

export interface TrainingBatchOptions {
  readonly sources: readonly Source[];
  readonly features: FeatureOptions;
  /** N */
  readonly batchSize: number;
  readonly seed: number;
}

/** Batches whose utterances are drawn together and sorted by length, so that little of a batch is padding. */
const group = 4;
/**
 * After this number of batches, the utterances may be one digit longer, up to the longest. CTC finds its first alignments
 * in short utterances, which have few of them, and short utterances cost less.
 */
const batchesEachLength = 60;

/**
 * Training batch number `index`: augmented utterances of like length. It depends on the seed and its number alone, so
 * that batches can be made ahead, elsewhere and again.
 */
export function createTrainingBatches({
  sources,
  features,
  batchSize,
  seed,
}: TrainingBatchOptions): (index: number) => LabelledBatch {
  const extract = createExtractor(features);
  const pools = sources.map(({ recordings, share }) => ({ speakers: bySpeaker(recordings), share }));
  const root = new Generator(seed);
  let drawn: { readonly number: number; readonly batches: readonly (readonly Utterance[])[] } | null = null;
  const groupOf = (number: number): readonly (readonly Utterance[])[] => {
    if (drawn?.number === number) return drawn.batches;
    const random = root.fork(`group ${number}`);
    const most = Math.min(mostDigits, 1 + Math.floor((number * group) / batchesEachLength));
    const utterances = Array.from({ length: group * batchSize }, () =>
      joinRecordings(drawRecordings(choose(pools, random), random, most), random),
    );
    utterances.sort((a, b) => a.samples.length - b.samples.length);
    const order = random.permutation(group);
    drawn = { number, batches: Array.from(order, (at) => utterances.slice(at * batchSize, (at + 1) * batchSize)) };
    return drawn.batches;
  };
  return (index) => {
    const utterances = groupOf(Math.floor(index / group))[index % group]!;
    const random = root.fork(`augmentation ${index}`);
    const sequences = utterances.map(({ samples }) => augment(samples, extract, features.bands, random));
    return { ...batchSequences(sequences), labels: utterances.map(({ digits }) => digits) };
  };
}

function choose(
  pools: readonly { readonly speakers: Speakers; readonly share: number }[],
  random: RandomSource,
): Speakers {
  let rest = random.uniform(
    0,
    pools.reduce((sum, { share }) => sum + share, 0),
  );
  return (pools.find(({ share }) => (rest -= share) < 0) ?? pools.at(-1)!).speakers;
}
