import { type HashedText, hashUnits, type HashSizes, type TextUnit, unitsOf } from '@timestep/app-shared';
import { createScope, softmax } from '@timestep/core';
import { bucketByLength } from '@timestep/datasets';
import { type TagChunk, tagChunks } from '@timestep/train';
import type { IntentTagger } from './network.ts';

/** The part of a model file that is not weights. */
export interface SavedLabels {
  /** The letters that training saw. */
  readonly alphabet: string;
  readonly intents: readonly string[];
  /** Empty where the data have no slots. */
  readonly tags: readonly string[];
  /** For each intent, the slots that most of its sentences have: a dialogue asks for them. */
  readonly usual: Readonly<Record<string, readonly string[]>>;
}

/** How texts become the network's input. */
export interface Reading {
  readonly unit: TextUnit;
  readonly sizes: HashSizes;
}

/** The result of reading one sentence. */
export interface Understood {
  readonly units: readonly string[];
  readonly intent: string;
  readonly probability: number;
  /** One for each unit; empty without slots */
  readonly tags: readonly string[];
  readonly slots: readonly (TagChunk & { readonly value: string })[];
  /** How much each unit counts for the intent; they sum to 1 */
  readonly weights: readonly number[];
}

/** The features of a text; null for one without a word. */
export function hashText(text: string, { unit, sizes }: Reading): HashedText | null {
  const units = unitsOf(text, unit);
  return units.length === 0 ? null : hashUnits(units, unit, sizes);
}

const batchSize = 64;

/** Reads texts in batches of like length. */
export async function understand(
  network: IntentTagger,
  texts: readonly HashedText[],
  { intents, tags: names }: SavedLabels,
): Promise<Understood[]> {
  const { backend } = network.intentHead.weight;
  const found = new Array<Understood>(texts.length);
  for (const indices of bucketByLength(
    texts.map(({ own }) => own.length),
    { batchSize },
  )) {
    const batch = indices.map((index) => texts[index]!);
    using scope = createScope(backend, { gradient: false, training: false });
    const { intents: logits, emissions, weights, lengths } = scope.run(() => network.forward(batch));
    const [shares, counts] = [await scope.run(() => softmax(logits)).data(), await weights.data()];
    const paths = emissions && network.crf ? await network.crf.decode(emissions, { lengths }) : null;
    const steps = weights.shape[2]!;
    for (const [n, index] of indices.entries()) {
      const { units } = texts[index]!;
      const own = Array.from(shares.subarray(n * intents.length, (n + 1) * intents.length));
      const best = own.indexOf(Math.max(...own));
      const tags = paths?.[n]!.tags.map((tag) => names[tag]!) ?? [];
      found[index] = {
        units,
        intent: intents[best]!,
        probability: own[best]!,
        tags,
        slots: tagChunks(tags).map((chunk) => ({ ...chunk, value: units.slice(chunk.start, chunk.end).join(' ') })),
        weights: Array.from(counts.subarray(n * steps, n * steps + units.length)),
      };
    }
  }
  return found;
}
