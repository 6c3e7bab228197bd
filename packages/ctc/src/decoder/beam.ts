/** The hypotheses of one frame, in parallel arrays: their nodes and the probabilities of their paths. */
export class Beam {
  count = 0;
  readonly nodes: Int32Array;
  /** ln of the total probability of the paths that end in a blank, and of those that end in the last token */
  readonly blanks: Float64Array;
  readonly labels: Float64Array;
  /** ln of the most probable path of each kind, which gives the timings */
  readonly bestBlanks: Float64Array;
  readonly bestLabels: Float64Array;
  /** Timings of all tokens on the best path that ends in a blank */
  readonly blankTimings: Int32Array;
  /** Timings of all tokens but the last on the best path that ends in it, and that token's first frame */
  readonly labelTimings: Int32Array;
  readonly labelStarts: Int32Array;

  constructor(width: number) {
    this.nodes = new Int32Array(width);
    this.blanks = new Float64Array(width);
    this.labels = new Float64Array(width);
    this.bestBlanks = new Float64Array(width);
    this.bestLabels = new Float64Array(width);
    this.blankTimings = new Int32Array(width);
    this.labelTimings = new Int32Array(width);
    this.labelStarts = new Int32Array(width);
  }
}

/** ln(e^a + e^b) */
export function logAdd(a: number, b: number): number {
  const top = a > b ? a : b;
  if (top === -Infinity) return top;
  return top + Math.log1p(Math.exp(-Math.abs(a - b)));
}
