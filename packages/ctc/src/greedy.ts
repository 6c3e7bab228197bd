import { type BlankOptions, blankOf, type Emissions, framesOf } from './emissions.ts';

/** The labels of the most probable path of one utterance. */
export interface GreedyResult {
  /** The labels: repeats merged, blanks dropped */
  readonly tokens: number[];
  /** The first frame of each label's run */
  readonly starts: number[];
  /** The frame after each label's run */
  readonly ends: number[];
  /** ln of the best path's probability: the sum of every frame's largest log-probability */
  readonly score: number;
}

/**
 * Decodes by the most probable class of each frame, then merges repeats and drops blanks (best-path decoding, Graves et
 * al. 2006, section 3.2). This gives the labels of the most probable *path*, not the most probable labels; for those,
 * use `CTCBeamDecoder`. If classes are equally probable, the first one wins.
 *
 * @param emissions logits or log-probabilities, `[T, C]` or `[T, N, C]`
 * @param options the index of the blank class
 * @returns one result for each utterance
 * @throws ArgumentError `INVALID_LENGTHS`, `INVALID_BLANK`, `NAN_IN_EMISSIONS`
 * @throws ShapeError if shape and data disagree
 * @example
 * ```ts
 * const results = ctcGreedyDecode({ data: [0, 5, 0, 0, 5, 0, 5, 0, 0, 0, 0, 5], shape: [4, 3] });
 * results.map(({ tokens }) => tokens); // [[1, 2]]
 * ```
 */
export function ctcGreedyDecode(emissions: Emissions, options: BlankOptions = {}): GreedyResult[] {
  const blank = blankOf('ctcGreedyDecode', options);
  return framesOf('ctcGreedyDecode', emissions, blank).map(({ data, steps, classes }) => {
    const result: GreedyResult = { tokens: [], starts: [], ends: [], score: 0 };
    let score = 0;
    let previous = blank;
    for (let t = 0; t < steps; t++) {
      let best = 0;
      for (let c = 1; c < classes; c++) if (data[t * classes + c]! > data[t * classes + best]!) best = c;
      score += data[t * classes + best]!;
      if (best !== blank) {
        if (best === previous) result.ends[result.ends.length - 1] = t + 1;
        else {
          result.tokens.push(best);
          result.starts.push(t);
          result.ends.push(t + 1);
        }
      }
      previous = best;
    }
    return { ...result, score };
  });
}
