import { kthLargest } from './select.ts';

export interface TokenLimits {
  readonly classes: number;
  readonly blank: number;
  readonly maxTokens: number;
  readonly tokenThreshold: number;
}

/** The tokens that may extend hypotheses in a frame: the best `maxTokens` of those that reach `tokenThreshold`. */
export class FrameTokens {
  /** The first `count` are allowed. */
  readonly allowed: Int32Array;
  count = 0;
  readonly #limits: TokenLimits;
  readonly #row: Float64Array;

  constructor(limits: TokenLimits) {
    this.#limits = limits;
    this.allowed = Int32Array.from({ length: limits.classes }, (_, c) => c).filter((c) => c !== limits.blank);
    this.count = limits.classes - 1;
    this.#row = new Float64Array(limits.classes);
  }

  /** Takes the frame whose log-probabilities begin at `at`. */
  read(data: Float32Array, at: number): void {
    const { maxTokens, tokenThreshold, classes, blank } = this.#limits;
    if (maxTokens >= classes - 1 && tokenThreshold === -Infinity) return;
    let threshold = tokenThreshold;
    if (maxTokens < classes - 1) {
      let count = 0;
      for (let c = 0; c < classes; c++) if (c !== blank) this.#row[count++] = data[at + c]!;
      threshold = Math.max(threshold, kthLargest(this.#row, count, maxTokens));
    }
    let count = 0;
    for (let c = 0; c < classes; c++)
      if (c !== blank && data[at + c]! >= threshold && count < maxTokens) this.allowed[count++] = c;
    this.count = count;
  }
}
