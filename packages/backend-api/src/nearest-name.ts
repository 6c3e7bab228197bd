/** Maps option names of PyTorch and Keras, in lower case and without `_`, to Timestep's names. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  lr: ['learningRate'],
  betas: ['beta1'],
  eps: ['epsilon'],
  wd: ['weightDecay'],
  lrscheduler: ['schedule'],
  scheduler: ['schedule'],
  gradclip: ['clipNorm'],
  maxgradnorm: ['clipNorm'],
  maxnorm: ['clipNorm'],
  clipgradnorm: ['clipNorm'],
  gradientaccumulationsteps: ['accumulate'],
  accumulategradbatches: ['accumulate'],
  totalsteps: ['steps'],
  tmax: ['steps'],
  gamma: ['factor'],
  stepsize: ['every'],
  infeatures: ['inputSize'],
  inchannels: ['inputSize'],
  inputdim: ['inputSize'],
  outfeatures: ['outputSize'],
  outchannels: ['outputSize'],
  units: ['hiddenSize', 'outputSize'],
  hiddendim: ['hiddenSize'],
  embeddingdim: ['embeddingSize'],
  paddingidx: ['paddingIndex'],
  p: ['rate', 'dropout'],
  dropoutrate: ['dropout', 'rate'],
};

/**
 * Returns the name in `known` that is closest to `given`, or undefined if none is close. It ignores case, `_` and `-`,
 * and allows up to a third of the letters to be wrong. It also knows the names of PyTorch and Keras: `lr` gives
 * `learningRate`.
 *
 * @example
 * ```ts
 * nearestName('hidden_size', ['inputSize', 'hiddenSize']); // hiddenSize
 * ```
 */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, '');
  const target = plain(given);
  const other = Object.hasOwn(otherNames, target) ? otherNames[target] : undefined;
  const ours = other?.find((name) => known.includes(name));
  if (ours !== undefined) return ours;
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(target.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(target, plain(name));
    if (distance < least) [nearest, least] = [name, distance];
  }
  return nearest;
}

/** Levenshtein distance, computed row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
