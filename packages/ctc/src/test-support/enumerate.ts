/** float64 oracles that enumerate every path through the frames: C^T of them, so small T and C only. */

/** The float64 log-softmax of logits `[T, C]`. */
export function logProbabilities(logits: ArrayLike<number>, T: number, C: number): Float64Array {
  const out = new Float64Array(T * C);
  for (let t = 0; t < T; t++) {
    const row = Array.from({ length: C }, (_, c) => logits[t * C + c]!);
    const max = Math.max(...row);
    const shift = max + Math.log(row.reduce((total, x) => total + Math.exp(x - max), 0));
    row.forEach((x, c) => (out[t * C + c] = x - shift));
  }
  return out;
}

/** Every path of length T over C classes with its log-probability. */
export function* paths(logp: Float64Array, T: number, C: number): Generator<{ path: number[]; score: number }> {
  const path = new Array<number>(T).fill(0);
  for (let code = 0; code < C ** T; code++) {
    let rest = code;
    let score = 0;
    for (let t = 0; t < T; t++) {
      path[t] = rest % C;
      rest = Math.floor(rest / C);
      score += logp[t * C + path[t]!]!;
    }
    yield { path: [...path], score };
  }
}

/** Merges repeats, then drops blanks. */
export function collapse(path: readonly number[], blank: number): number[] {
  return path.filter((token, t) => token !== blank && token !== path[t - 1]);
}

/** Every labelling that some path reads as, keyed by its labels joined with commas, with its probability. */
export function labellings(logp: Float64Array, T: number, C: number, blank: number): Map<string, number> {
  const out = new Map<string, number>();
  for (const { path, score } of paths(logp, T, C)) {
    const key = collapse(path, blank).join(',');
    out.set(key, (out.get(key) ?? 0) + Math.exp(score));
  }
  return out;
}
