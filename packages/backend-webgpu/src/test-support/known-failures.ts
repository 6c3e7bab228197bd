const paddedUnits = 'an infinite recurrent weight times the zeros of padded units makes NaN of a gradient';
const noNaN = 'a row with +∞ gives an infinity where NaN is right';

/** What the suite finds at the edges of float32 and the kernels do not mend yet, by the name of the check. */
export const knownFailures: Readonly<Record<string, string>> = {
  'extremes: binary power': '∞ to a denormal power is 0',
  'extremes: rnnSequence fused': paddedUnits,
  'extremes: lstmSequence fused': paddedUnits,
  'extremes: gruSequence fused': paddedUnits,
  'extremes: logSoftmax fused': noNaN,
  'extremes: crossEntropy fused': noNaN,
};
