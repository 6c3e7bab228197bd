import { ArgumentError, ShapeError } from '@timestep/core';
import { checkBatch, checkScore } from './batch.ts';
import type { PredictionMetric, Values } from './metric.ts';

/**
 * The area under the receiver operating characteristic: the probability that a positive example scores higher than a
 * negative one, where equal scores count half (Mann and Whitney 1947). It is exact and keeps every score.
 *
 * @example
 * ```ts
 * const area = new AUROC();
 * area.update([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]);
 * area.compute(); // 0.75
 * ```
 */
export class AUROC implements PredictionMetric {
  #scores: number[] = [];
  #labels: number[] = [];

  /**
   * Adds a batch.
   *
   * @param predictions a score for each target, higher for positive ones; or the scores of both classes, `[…, 2]`
   * @param targets 1 for positive and 0 for negative
   * @param mask 1 where a target counts and 0 where it does not; everything counts by default
   * @throws ArgumentError for another target, and for a score that is not a number; ShapeError for sizes that do not fit
   */
  update(predictions: Values, targets: Values, mask: Values | null = null): void {
    const { width, counts } = checkBatch('AUROC', predictions, targets, mask);
    if (targets.length > 0 && width > 2)
      throw new ShapeError(`[AUROC] expected one score, or those of two classes, for each target, got ${width}`);
    const kept = Array.from({ length: targets.length }, (_, i) => i).filter(counts);
    for (const i of kept) {
      if (targets[i] !== 0 && targets[i] !== 1)
        throw new ArgumentError(`[AUROC] expected targets of 0 and 1, got ${String(targets[i])} at position ${i}`);
      for (let at = i * width; at < (i + 1) * width; at++) checkScore('AUROC', predictions[at], at);
    }
    for (const i of kept) {
      this.#scores.push(width === 2 ? predictions[2 * i + 1]! - predictions[2 * i]! : predictions[i]!);
      this.#labels.push(targets[i]!);
    }
  }

  /** Returns a share in 0…1; NaN unless there are positive and negative targets. */
  compute(): number {
    const [scores, labels] = [this.#scores, this.#labels];
    const order = Array.from(scores.keys()).sort((a, b) => compare(scores[a]!, scores[b]!));
    const positives = labels.reduce((sum, label) => sum + label, 0);
    const negatives = labels.length - positives;
    let wins = 0;
    let below = 0;
    for (let from = 0; from < order.length;) {
      let to = from;
      let own = 0;
      while (to < order.length && scores[order[to]!] === scores[order[from]!]) own += labels[order[to++]!]!;
      const others = to - from - own;
      wins += own * (below + others / 2);
      below += others;
      from = to;
    }
    return wins / (positives * negatives);
  }

  reset(): void {
    this.#scores = [];
    this.#labels = [];
  }
}

/** Infinities of one sign are equal; their difference would be NaN. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
