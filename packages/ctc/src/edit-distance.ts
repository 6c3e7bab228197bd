import { checkValue, type Rule } from '@timestep/core';

/** One step of an alignment between a reference and a hypothesis. */
export interface EditOperation<Token> {
  readonly kind: 'match' | 'substitution' | 'insertion' | 'deletion';
  /** null for an insertion */
  readonly reference: Token | null;
  /** null for a deletion */
  readonly hypothesis: Token | null;
}

/** The smallest number of edits that turn a reference into a hypothesis, and one such sequence of edits. */
export interface EditDistance<Token> {
  /** substitutions + insertions + deletions */
  readonly distance: number;
  readonly substitutions: number;
  readonly insertions: number;
  readonly deletions: number;
  /** From first to last */
  readonly alignment: EditOperation<Token>[];
}

/** Accepts a string or an array of tokens. */
export const tokensRule: Rule = (value) =>
  typeof value === 'string' || Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
    ? null
    : 'a string or an array of tokens';

const kinds = ['match', 'substitution', 'deletion', 'insertion'] as const;
const [MATCH, SUBSTITUTION, DELETION, INSERTION] = [0, 1, 2, 3];

/**
 * Computes the Levenshtein distance of two sequences, and an alignment that reaches it. Uses dynamic programming in
 * O(R·H) time and R·H bytes (Wagner and Fischer 1974). If several alignments are equally short, it prefers, from the
 * end backwards, a match or substitution to a deletion, and a deletion to an insertion.
 *
 * @param reference the R correct tokens; a string is split into code points
 * @param hypothesis the H tokens to compare with them
 * @returns the distance, the number of edits of each kind, and the alignment
 * @throws ArgumentError if an argument is not a string or an array
 * @example
 * ```ts
 * editDistance('3141', '341').deletions; // 1
 * ```
 */
export function editDistance(reference: string, hypothesis: string): EditDistance<string>;
export function editDistance<Token>(reference: ArrayLike<Token>, hypothesis: ArrayLike<Token>): EditDistance<Token>;
export function editDistance(
  reference: string | ArrayLike<unknown>,
  hypothesis: string | ArrayLike<unknown>,
): EditDistance<unknown> {
  checkValue('editDistance', 'reference', reference, tokensRule);
  checkValue('editDistance', 'hypothesis', hypothesis, tokensRule);
  const a: readonly unknown[] = Array.from<unknown>(reference);
  const b: readonly unknown[] = Array.from<unknown>(hypothesis);
  const columns = b.length + 1;
  const steps = new Uint8Array((a.length + 1) * columns).fill(INSERTION, 0, columns);
  let above = Uint32Array.from({ length: columns }, (_, j) => j);
  let row = new Uint32Array(columns);
  for (let i = 1; i <= a.length; i++) {
    row[0] = i;
    steps[i * columns] = DELETION;
    for (let j = 1; j < columns; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = above[j - 1]! + (same ? 0 : 1);
      let step = same ? MATCH : SUBSTITUTION;
      if (above[j]! + 1 < best) {
        best = above[j]! + 1;
        step = DELETION;
      }
      if (row[j - 1]! + 1 < best) {
        best = row[j - 1]! + 1;
        step = INSERTION;
      }
      row[j] = best;
      steps[i * columns + j] = step;
    }
    [above, row] = [row, above];
  }
  return trace(a, b, steps);
}

function trace(a: readonly unknown[], b: readonly unknown[], steps: Uint8Array): EditDistance<unknown> {
  const columns = b.length + 1;
  const alignment: EditOperation<unknown>[] = [];
  const counts = [0, 0, 0, 0];
  let i = a.length;
  let j = b.length;
  while (i > 0 || j > 0) {
    const step = steps[i * columns + j]!;
    counts[step]! += 1;
    alignment.push({
      kind: kinds[step]!,
      reference: step === INSERTION ? null : a[i - 1],
      hypothesis: step === DELETION ? null : b[j - 1],
    });
    if (step !== INSERTION) i -= 1;
    if (step !== DELETION) j -= 1;
  }
  const [, substitutions = 0, deletions = 0, insertions = 0] = counts;
  return {
    distance: substitutions + deletions + insertions,
    substitutions,
    insertions,
    deletions,
    alignment: alignment.reverse(),
  };
}
