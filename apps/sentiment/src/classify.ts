import { type HashedText, hashUnits, type HashSizes, type TextUnit, unitsOf } from '@timestep/app-shared';
import { createScope, softmax } from '@timestep/core';
import { bucketByLength, words } from '@timestep/datasets';
import type { SentimentNetwork } from './network.ts';

/** How texts become the network's input. */
export interface Reading {
  readonly unit: TextUnit;
  readonly sizes: HashSizes;
}

/** A word and how much it speaks for the positive class, in log odds. */
export interface Share {
  readonly word: string;
  readonly share: number;
}

/** The features of a text; null for one without a word. */
export function hashText(text: string, { unit, sizes }: Reading): HashedText | null {
  const units = unitsOf(text, unit);
  return units.length === 0 ? null : hashUnits(units, unit, sizes);
}

/** The probability of the positive class for each text; null for one without a word. */
export async function probabilities(
  network: SentimentNetwork,
  texts: readonly string[],
  reading: Reading,
): Promise<(number | null)[]> {
  const { backend } = network.head.weight;
  const hashed = texts.map((text) => hashText(text, reading));
  const found = new Array<number | null>(texts.length).fill(null);
  const known = [...hashed.keys()].filter((index) => hashed[index]);
  const lengths = known.map((index) => hashed[index]!.own.length);
  for (const batch of bucketByLength(lengths, { batchSize: 64 })) {
    const rows = batch.map((place) => known[place]!);
    using scope = createScope(backend, { gradient: false, training: false });
    const shares = await scope.run(() => softmax(network.forward(rows.map((index) => hashed[index]!)))).data();
    for (const [n, index] of rows.entries()) found[index] = shares[2 * n + 1]!;
  }
  return found;
}

/**
 * How much each word decides: the change of the log odds of "positive" where the word is left out (Li, Monroe and
 * Jurafsky 2016).
 */
export async function sharesOfWords(network: SentimentNetwork, text: string, reading: Reading): Promise<Share[]> {
  const parts = words(text);
  if (parts.length < 2) return parts.map((word) => ({ word, share: 0 }));
  const without = parts.map((_, k) => parts.toSpliced(k, 1).join(' '));
  const [whole, ...rest] = await probabilities(network, [text, ...without], reading);
  return parts.map((word, k) => ({ word, share: logOdds(whole) - logOdds(rest[k]) }));
}

function logOdds(probability: number | null | undefined): number {
  const clipped = Math.min(1 - 1e-6, Math.max(1e-6, probability ?? 0.5));
  return Math.log(clipped / (1 - clipped));
}
