import { words } from '@timestep/datasets';
import type { Picture, Pictures } from './pictures.ts';

/** What a caption would be without a network: saved with a model, so that it can be judged beside it anywhere. */

export type BaselineState = {
  /** The most frequent caption of the training part; of equally frequent ones the one of the most frequent word pairs. */
  readonly mostFrequent: string;
  /** Captions of training pictures, and in base64 what pictures are compared by, bytes `[pictures, size]`. */
  readonly captions: readonly string[];
  readonly vectors: string;
  readonly size: number;
};

/** Training pictures that are kept: all of a small data set. */
const keptPictures = 800;
/** Numbers of the coarse pixels of a side. */
const coarse = 6;

export function learnBaselines({ pictures }: Pictures): BaselineState {
  const kept = pictures.slice(0, keptPictures);
  const vectors = kept.map(vectorOf);
  return {
    mostFrequent: mostFrequent(pictures.flatMap(({ captions }) => captions)),
    captions: kept.map(({ captions }) => captions[0]!),
    vectors: Buffer.concat(vectors).toString('base64'),
    size: vectors[0]!.length,
  };
}

/** The caption of the training picture whose numbers are nearest, for each picture. */
export function nearestCaptions({ captions, vectors, size }: BaselineState, pictures: readonly Picture[]): string[] {
  const known = Buffer.from(vectors, 'base64');
  return pictures.map((picture) => {
    const own = vectorOf(picture);
    let [best, nearest] = [Infinity, 0];
    captions.forEach((_, i) => {
      let distance = 0;
      for (let k = 0; k < size; k++) distance += (own[k]! - known[i * size + k]!) ** 2;
      if (distance < best) [best, nearest] = [distance, i];
    });
    return captions[nearest]!;
  });
}

/** The features in bytes, or where there are none, pixels that are averaged. */
function vectorOf({ features, pixels }: Picture): Uint8Array {
  if (features) return Uint8Array.from(features, (value) => Math.round(Math.max(0, Math.min(1, value)) * 255));
  const side = Math.sqrt(pixels.length / 3);
  const sums = new Float64Array(coarse * coarse * 3);
  const counts = new Float64Array(sums.length);
  for (let i = 0; i < pixels.length; i++) {
    const [row, column] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side];
    const cell = (Math.floor((row * coarse) / side) * coarse + Math.floor((column * coarse) / side)) * 3 + (i % 3);
    sums[cell]! += pixels[i]!;
    counts[cell]!++;
  }
  return Uint8Array.from(sums, (sum, i) => Math.round(sum / counts[i]!));
}

function mostFrequent(captions: readonly string[]): string {
  const counts = new Map<string, number>();
  const count = (key: string): number => counts.get(key) ?? 0;
  const add = (key: string): void => void counts.set(key, count(key) + 1);
  for (const caption of captions) {
    add(`= ${caption}`);
    pairsOf(caption).forEach(add);
  }
  const typical = (caption: string): number => {
    const pairs = pairsOf(caption);
    return pairs.reduce((sum, pair) => sum + count(pair), 0) / pairs.length;
  };
  const most = Math.max(...captions.map((caption) => count(`= ${caption}`)));
  const candidates = captions.filter((caption) => count(`= ${caption}`) === most && words(caption).length > 1);
  return candidates.reduce(
    (best, caption) => (typical(caption) > typical(best) ? caption : best),
    candidates[0] ?? captions[0]!,
  );
}

/** Neighbouring words, the start and the end of the caption included. */
function pairsOf(caption: string): string[] {
  const tokens = ['<', ...words(caption), '>'];
  return tokens.slice(1).map((word, i) => `${tokens[i]!} ${word}`);
}
