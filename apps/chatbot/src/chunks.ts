/** A stretch of words that a tagger marked. */
export interface Chunk {
  readonly type: string;
  /** The first word, and the one after the last. */
  readonly start: number;
  readonly end: number;
}

/** `B-city` → `['B', 'city']`, `O` → `['O', '']` */
function parse(tag: string): readonly [prefix: string, type: string] {
  const [, prefix, type] = /^([A-Z])-(.+)$/u.exec(tag) ?? [];
  return prefix === undefined ? ['O', ''] : [prefix, type!];
}

/** The chunks of tags in the forms BIO and BIOES, by the rules of conlleval: a chunk that begins with I counts too. */
export function chunksOf(tags: readonly string[]): Chunk[] {
  const chunks: Chunk[] = [];
  let start = -1;
  let [before, typeBefore] = ['O', ''];
  for (let t = 0; t <= tags.length; t++) {
    const [prefix, type] = t < tags.length ? parse(tags[t]!) : (['O', ''] as const);
    const goesOn = type === typeBefore && 'IE'.includes(prefix) && 'BI'.includes(before);
    if (start >= 0 && !goesOn) {
      chunks.push({ type: typeBefore, start, end: t });
      start = -1;
    }
    if (start < 0 && prefix !== 'O') start = t;
    [before, typeBefore] = [prefix, type];
  }
  return chunks;
}

/** Precision, recall and F1 over the chunks of many sentences, as conlleval counts them. */
export function chunkScores(pairs: Iterable<readonly [found: readonly string[], truth: readonly string[]]>) {
  let [right, found, truth] = [0, 0, 0];
  for (const [guess, gold] of pairs) {
    const [mine, theirs] = [chunksOf(guess), chunksOf(gold)];
    const known = new Set(theirs.map(keyOf));
    found += mine.length;
    truth += theirs.length;
    right += mine.filter((chunk) => known.has(keyOf(chunk))).length;
  }
  const [precision, recall] = [right / Math.max(1, found), right / Math.max(1, truth)];
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall), chunks: truth };
}

function keyOf({ type, start, end }: Chunk): string {
  return `${start} ${end} ${type}`;
}
