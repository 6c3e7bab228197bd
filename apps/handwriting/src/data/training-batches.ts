import type { LabelledBatch } from '@timestep/app-shared';
import { Generator } from '@timestep/core';
import { batchSequences } from '@timestep/datasets';
import { inkFeatures } from '../ink/features.ts';
import { drawText } from './drawing.ts';
import type { Sample } from './sample.ts';
import { byWriter, drawString, varyCharacter, varyString, type Writing } from './strings.ts';
import { trainingText } from './words.ts';

export interface TrainingBatchOptions {
  /** Characters that people wrote; none to train on drawn text alone */
  readonly samples: readonly Sample[];
  /** The share of drawn text beside them, 0…1 */
  readonly drawnShare: number;
  /** Label k is the character number k */
  readonly alphabet: readonly string[];
  /** N */
  readonly batchSize: number;
  readonly seed: number;
}

/** Batches whose writings are drawn together and sorted by length, so that little of a batch is padding. */
const group = 4;
/**
 * After this number of batches, the texts may be one character longer, up to the longest. CTC finds its first alignments
 * in short texts, which have few of them, and short texts cost less.
 */
const batchesEachLength = 40;
const longest = 10;

/**
 * Training batch number `index`. It depends on the seed and its number alone, so that batches can be made ahead,
 * elsewhere and again.
 */
export function createTrainingBatches({
  samples,
  drawnShare,
  alphabet,
  batchSize,
  seed,
}: TrainingBatchOptions): (index: number) => LabelledBatch {
  const writers = byWriter(samples);
  const labels = new Map(alphabet.map((character, label) => [character, label]));
  const root = new Generator(seed);
  const draw = (random: Generator, most: number): Writing => {
    if (samples.length > 0 && random.uniform() >= drawnShare)
      return varyString(drawString(writers, random, { most, change: (ink) => varyCharacter(ink, random) }), random);
    // Text in another alphabet is passed over: a model of digits learns from drawn digits alone.
    for (;;) {
      const text = trainingText(random).slice(0, most);
      if ([...text].every((character) => labels.has(character))) return { text, ink: drawText(text, random) };
    }
  };
  let drawn: { readonly number: number; readonly batches: readonly LabelledBatch[] } | null = null;
  const groupOf = (number: number): readonly LabelledBatch[] => {
    if (drawn?.number === number) return drawn.batches;
    const random = root.fork(`group ${number}`);
    const most = Math.min(longest, 1 + Math.floor((number * group) / batchesEachLength));
    const writings = Array.from({ length: group * batchSize }, () => {
      const { text, ink } = draw(random, most);
      return { labels: [...text].map((character) => labels.get(character)!), features: inkFeatures(ink) };
    });
    writings.sort((a, b) => a.features.steps - b.features.steps);
    const batches = Array.from(random.permutation(group), (at): LabelledBatch => {
      const own = writings.slice(at * batchSize, (at + 1) * batchSize);
      return { ...batchSequences(own.map(({ features }) => features)), labels: own.map((one) => one.labels) };
    });
    drawn = { number, batches };
    return batches;
  };
  return (index) => {
    const batch = groupOf(Math.floor(index / group))[index % group]!;
    // A copy: the batch may be handed to another thread, which takes its memory along.
    return { ...batch, data: batch.data.slice() };
  };
}
