/** The names that PyTorch and Keras have for an option, without capitals and `_`, and its names here. */
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
 * The name among `known` that `given` was probably meant to be, or undefined where none is close. Letters in capitals,
 * `_` and `-` make no difference; otherwise up to a third of the letters may be wrong. The names of PyTorch and Keras lead to ours, such as
 * `lr` to `learningRate`.
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

/** Levenshtein's distance, a row at a time. */
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
