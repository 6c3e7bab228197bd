import type { Frames } from '../emissions.ts';

/**
 * Finds the most probable path through the trellis of one target (Viterbi 1967 over the states of Graves et al. 2006).
 * The states are 0 … 2L: blanks are even, label i is at 2i + 1. Visits only the states that lie on a complete path.
 *
 * @returns the state of each frame and ln p of the path; null if every path has probability 0
 */
export function bestPath(
  { data, steps, classes }: Frames,
  labels: ArrayLike<number>,
  blank: number,
): { states: Int32Array; score: number } | null {
  const count = 2 * labels.length + 1;
  const states = new Int32Array(steps);
  if (steps === 0) return labels.length === 0 ? { states, score: 0 } : null;
  // Two states of padding in front, so that s − 1 and s − 2 need no bounds check.
  let scores = new Float64Array(count + 2).fill(-Infinity);
  let next = new Float64Array(count + 2).fill(-Infinity);
  const classOf = Int32Array.from({ length: count }, (_, s) => (s & 1 ? labels[s >> 1]! : blank));
  const maySkip = Uint8Array.from({ length: count }, (_, s) =>
    s & 1 && s > 1 && classOf[s] !== classOf[s - 2] ? 1 : 0,
  );
  // For each state of each frame: by how many states the best path to it advanced
  const backs = new Uint8Array(steps * count);
  scores[2] = data[blank]!;
  if (count > 1) scores[3] = data[classOf[1]!]!;
  for (let t = 1; t < steps; t++) {
    const first = Math.max(0, count - 2 * (steps - t));
    const last = Math.min(count - 1, 2 * t + 1);
    const row = t * classes;
    const back = t * count;
    const blankScore = data[row + blank]!;
    for (let s = first; s <= last; s++) {
      let best = scores[s + 2]!;
      let step = 0;
      const previous = scores[s + 1]!;
      if (previous > best) {
        best = previous;
        step = 1;
      }
      if (s & 1) {
        if (maySkip[s] !== 0 && scores[s]! > best) {
          best = scores[s]!;
          step = 2;
        }
        next[s + 2] = best + data[row + classOf[s]!]!;
      } else next[s + 2] = best + blankScore;
      backs[back + s] = step;
    }
    // States below the band hold scores of an earlier frame: clear them, or they come back two frames later.
    if (first > 0) next[first + 1] = -Infinity;
    if (first > 1) next[first] = -Infinity;
    [scores, next] = [next, scores];
  }
  let state = count - 1;
  if (count > 1 && scores[count]! > scores[count + 1]!) state = count - 2;
  const score = scores[state + 2]!;
  if (score === -Infinity) return null;
  for (let t = steps - 1; t >= 0; t--) {
    states[t] = state;
    state -= backs[t * count + state]!;
  }
  return { states, score };
}
