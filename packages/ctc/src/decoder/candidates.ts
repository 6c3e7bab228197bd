import { grown } from '../language-model/word-table.ts';
import { kthLargest } from './select.ts';

/** The new hypotheses of one frame, in parallel arrays, before the best are selected. */
export class Candidates {
  count = 0;
  /** The index in the beam of the hypothesis that is extended */
  parents = new Int32Array(1024);
  tokens = new Int32Array(1024);
  /** The index of the fusion's continuation */
  variants = new Int32Array(1024);
  /** ln of the total probability of the paths */
  paths = new Float64Array(1024);
  /** The score that ranks the hypothesis */
  scores = new Float64Array(1024);
  #sorted = new Float64Array(1024);

  add(parent: number, token: number, variant: number, path: number, score: number): void {
    const at = this.count++;
    if (at === this.parents.length) {
      this.parents = grown(this.parents, at + 1);
      this.tokens = grown(this.tokens, at + 1);
      this.variants = grown(this.variants, at + 1);
      this.paths = grown(this.paths, at + 1);
      this.scores = grown(this.scores, at + 1);
    }
    this.parents[at] = parent;
    this.tokens[at] = token;
    this.variants[at] = variant;
    this.paths[at] = path;
    this.scores[at] = score;
  }

  /**
   * Selects the best `width` of the first `stays` of `stayScores` and these candidates. Returns a function to call with
   * each score in order; it tells whether that score is kept. If scores are equal, the first ones win.
   *
   * @param floor the lowest score of a listed candidate
   * @param threshold how far a score may be below the best
   */
  selection(
    stayScores: Float64Array,
    stays: number,
    { width, floor, threshold }: { width: number; floor: number; threshold: number },
  ): (score: number) => boolean {
    const total = stays + this.count;
    let cut = floor;
    let ties = Infinity;
    if (total > width) {
      if (this.#sorted.length < total) this.#sorted = new Float64Array(2 * total);
      this.#sorted.set(stayScores.subarray(0, stays));
      this.#sorted.set(this.scores.subarray(0, this.count), stays);
      cut = kthLargest(this.#sorted, total, width);
      let above = 0;
      for (let i = 0; i < width; i++) if (this.#sorted[i]! > cut) above++;
      ties = width - above;
    }
    let best = -Infinity;
    for (let i = 0; i < stays; i++) best = Math.max(best, stayScores[i]!);
    for (let k = 0; k < this.count; k++) best = Math.max(best, this.scores[k]!);
    const least = Math.max(cut, best - threshold);
    return (score) => score > least || (score === least && (score > cut || ties-- > 0));
  }
}
