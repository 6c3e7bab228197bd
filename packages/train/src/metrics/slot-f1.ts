import { checkValue, is, ShapeError } from '@timestep/core';
import type { Metric } from './metric.ts';
import { readChunks, type TagChunk } from './tag-chunks.ts';

/** How well the chunks of a type, or all of them, were found. */
export interface SlotScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Chunks whose type, start and end are right. */
  readonly right: number;
  readonly predicted: number;
  readonly actual: number;
}

/** The scores of all chunks, and of each type. */
export interface SlotReport extends SlotScores {
  readonly types: Readonly<Record<string, SlotScores>>;
}

interface Counts {
  right: number;
  predicted: number;
  actual: number;
}

const sentencesRule = is.arrayOf(
  is.arrayOf(is.string, 'an array of tags'),
  'an array of sentences, each an array of tags',
);

/**
 * F1 of the chunks in tagged sentences, such as the slots of a request, as conlleval and seqeval compute it. A chunk
 * counts as right if its type, its start and its end are. F1 = 2·P·R/(P + R) over the chunks of all sentences. The tags
 * are those of IOB1, IOB2, BIOES or BILOU; see {@link tagChunks}.
 *
 * @example
 * ```ts
 * const slots = new SlotF1();
 * slots.update([['B-city', 'O', 'B-day']], [['B-city', 'I-city', 'B-day']]); // predicted, actual
 * slots.compute(); // 0.5
 * slots.report().types.day?.f1; // 1
 * ```
 */
export class SlotF1 implements Metric<
  [predicted: readonly (readonly string[])[], actual: readonly (readonly string[])[]]
> {
  #types = new Map<string, Counts>();

  /**
   * Adds sentences. Leave out what only pads a sentence.
   *
   * @param predicted the tags of each sentence
   * @param actual the right tags, as many for each sentence
   * @throws ArgumentError for something other than tags; ShapeError for other numbers of sentences or tags
   */
  update(predicted: readonly (readonly string[])[], actual: readonly (readonly string[])[]): void {
    checkValue('SlotF1', 'predicted', predicted, sentencesRule);
    checkValue('SlotF1', 'actual', actual, sentencesRule);
    if (predicted.length !== actual.length)
      throw new ShapeError(
        `[SlotF1] expected tags of ${actual.length} sentences, as there are right ones, got ${predicted.length}`,
      );
    const pairs = predicted.map((tags, index) => {
      const right = actual[index]!;
      if (tags.length !== right.length)
        throw new ShapeError(`[SlotF1] expected ${right.length} tags in sentence ${index}, got ${tags.length}`);
      return [readChunks('SlotF1', tags), readChunks('SlotF1', right)] as const;
    });
    for (const [found, right] of pairs) {
      const known = new Set(right.map(nameOf));
      for (const chunk of right) this.#of(chunk.type).actual++;
      for (const chunk of found) {
        this.#of(chunk.type).predicted++;
        if (known.has(nameOf(chunk))) this.#of(chunk.type).right++;
      }
    }
  }

  /** Returns F1 over all chunks, a share in 0…1; 0 if there are none. */
  compute(): number {
    return this.report().f1;
  }

  /** Returns precision, recall and F1, over all chunks and for each type in alphabetical order. */
  report(): SlotReport {
    const types = [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1));
    const total = (of: keyof Counts): number => types.reduce((sum, [, counts]) => sum + counts[of], 0);
    const all = { right: total('right'), predicted: total('predicted'), actual: total('actual') };
    return { ...scoresOf(all), types: Object.fromEntries(types.map(([type, counts]) => [type, scoresOf(counts)])) };
  }

  reset(): void {
    this.#types.clear();
  }

  #of(type: string): Counts {
    const counts = this.#types.get(type) ?? { right: 0, predicted: 0, actual: 0 };
    this.#types.set(type, counts);
    return counts;
  }
}

const nameOf = ({ type, start, end }: TagChunk): string => `${start} ${end} ${type}`;

function scoresOf({ right, predicted, actual }: Counts): SlotScores {
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  return {
    precision: share(right, predicted),
    recall: share(right, actual),
    f1: share(2 * right, predicted + actual),
    right,
    predicted,
    actual,
  };
}
