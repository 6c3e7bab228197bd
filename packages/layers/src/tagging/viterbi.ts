/** The scores of a linear chain over K tags, row-major on the host. */
export interface ChainScores {
  /** `[K, K]`, from the row's tag to the column's */
  readonly transitions: ArrayLike<number>;
  /** `[K]` */
  readonly start: ArrayLike<number>;
  /** `[K]` */
  readonly end: ArrayLike<number>;
}

/** The best path of one sequence. */
export interface TagPath {
  /** One tag for each step. */
  readonly tags: number[];
  /** Its score: emissions and transitions summed, not normalised. */
  readonly score: number;
}

/**
 * The path with the highest score (Viterbi 1967); of equal scores the tag with the lower number.
 *
 * @param emission the score of a tag at a step
 */
export function bestPath(
  steps: number,
  emission: (step: number, tag: number) => number,
  { transitions, start, end }: ChainScores,
): TagPath {
  const count = start.length;
  if (steps === 0) return { tags: [], score: 0 };
  let scores = Float64Array.from({ length: count }, (_, tag) => start[tag]! + emission(0, tag));
  const from: Int32Array[] = [];
  for (let t = 1; t < steps; t++) {
    const next = new Float64Array(count).fill(-Infinity);
    const best = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const own = scores[i]!;
      const row = i * count;
      for (let j = 0; j < count; j++) {
        const score = own + transitions[row + j]!;
        if (score > next[j]!) {
          next[j] = score;
          best[j] = i;
        }
      }
    }
    for (let j = 0; j < count; j++) next[j]! += emission(t, j);
    from.push(best);
    scores = next;
  }
  let last = 0;
  for (let tag = 0; tag < count; tag++) {
    scores[tag]! += end[tag]!;
    if (scores[tag]! > scores[last]!) last = tag;
  }
  const tags = [last];
  for (let t = steps - 2; t >= 0; t--) tags.push(from[t]![tags.at(-1)!]!);
  return { tags: tags.reverse(), score: scores[last]! };
}
