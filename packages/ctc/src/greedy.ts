import { type BlankOptions, blankOf, type Emissions, framesOf } from './emissions.ts';

/** What the best path through the frames of one utterance reads. */
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
 * Best-path decoding (Graves et al. 2006, section 3.2): takes the most probable class of each frame, merges repeats
 * and drops blanks. That is the labelling of the most probable *path*, not the most probable labelling: see
 * `ctcBeamDecode`. Of equal classes the first one wins.
 *
 * @param emissions logits or log-probabilities, `[T, C]` or `[T, N, C]`
 * @returns one result for each utterance
 * @throws ShapeError, ArgumentError `INVALID_LENGTHS`, `INVALID_BLANK`, `NAN_IN_EMISSIONS`
 * @example
 * const [result] = ctcGreedyDecode({ data: await logits.data(), shape: logits.shape });
 * result.tokens.map((token) => alphabet[token]).join('');
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
