import { ArgumentError, checkValue, is } from '@timestep/core';
import { type BlankOptions, blankOf, type Emissions, framesOf } from '../emissions.ts';
import { needsFrames } from '../loss.ts';
import { bestPath } from './viterbi.ts';

/** The frames that one token of a target takes. */
export interface TokenSpan {
  /** Its class */
  readonly token: number;
  /** Its first frame */
  readonly start: number;
  /** The frame after its last */
  readonly end: number;
  /** The mean probability of the token over its frames, in 0…1 */
  readonly confidence: number;
}

/** The most probable path for a given target. */
export interface Alignment {
  /** `[T]`: the class of each frame, blanks included */
  readonly path: Int32Array;
  /** `[T]`: ln p of that class in its frame */
  readonly scores: Float32Array;
  /** ln p of the path: the sum of its scores */
  readonly score: number;
  /** One for each label of the target */
  readonly tokens: TokenSpan[];
}

/**
 * Finds when each label of a known target was said (forced alignment). It runs Viterbi's algorithm through the CTC
 * trellis and returns the most probable path, like torchaudio's `forced_align`. Takes O(T·L) time and memory.
 *
 * @param emissions logits or log-probabilities, `[T, C]` or `[T, N, C]`
 * @param targets the labels of each of the N utterances, without blanks
 * @param options the index of the blank class
 * @returns one alignment for each utterance
 * @throws ArgumentError `UNALIGNABLE_TARGET` if a target needs more frames than there are, or if all of its paths have
 *   probability 0; `INVALID_LABEL`, `INVALID_BLANK`, `INVALID_LENGTHS`, `NAN_IN_EMISSIONS`
 * @throws ShapeError if shape and data disagree
 * @example
 * ```ts
 * const emissions = { data: [0, 5, 0, 0, 5, 0, 5, 0, 0, 0, 0, 5], shape: [4, 3] };
 * for (const { tokens } of ctcAlign(emissions, [[1, 2]])) {
 *   for (const { token, start, end } of tokens) console.log(token, start, end); // 1 0 2, then 2 3 4
 * }
 * ```
 */
export function ctcAlign(
  emissions: Emissions,
  targets: readonly ArrayLike<number>[],
  options: BlankOptions = {},
): Alignment[] {
  const blank = blankOf('ctcAlign', options);
  checkValue(
    'ctcAlign',
    'targets',
    targets,
    is.arrayOf(is.like('an array of labels', 'length'), 'an array of the labels of each utterance'),
  );
  const utterances = framesOf('ctcAlign', emissions, blank);
  if (targets.length !== utterances.length) {
    throw new ArgumentError(
      `[ctcAlign] expected ${utterances.length} targets, one for each utterance, got ${targets.length}`,
    );
  }
  return utterances.map((frames, n) => {
    const labels = Int32Array.from(targets[n]!);
    checkLabels(labels, targets[n]!, frames.classes, blank, n);
    const needed = needsFrames(labels);
    if (needed > frames.steps) {
      throw new ArgumentError(
        `[ctcAlign] target ${n} of ${labels.length} labels needs ${needed} frames (one a label, one between equal neighbours), got ${frames.steps}; check that text and audio belong together`,
        'UNALIGNABLE_TARGET',
      );
    }
    const best = bestPath(frames, labels, blank);
    if (best === null)
      throw new ArgumentError(
        `[ctcAlign] every path that reads as target ${n} has probability 0; expected emissions that allow its labels`,
        'UNALIGNABLE_TARGET',
      );
    const path = best.states.map((state) => (state & 1 ? labels[state >> 1]! : blank));
    const scores = Float32Array.from(path, (token, t) => frames.data[t * frames.classes + token]!);
    return { path, scores, score: best.score, tokens: mergeTokens(path, scores, { blank }) };
  });
}

function checkLabels(labels: Int32Array, given: ArrayLike<number>, classes: number, blank: number, n: number): void {
  labels.forEach((label, k) => {
    if (label !== given[k] || label < 0 || label >= classes || label === blank) {
      throw new ArgumentError(
        `[ctcAlign] target ${n} holds label ${given[k]} at ${k}, expected a class in 0…${classes - 1} other than the blank ${blank}`,
        'INVALID_LABEL',
      );
    }
  });
}

/**
 * Merges the frames of a path into tokens: equal neighbours become one token, and blanks are dropped. Works like
 * torchaudio's `merge_tokens`.
 *
 * @param path `[T]`: the class of each frame
 * @param scores `[T]`: ln p of each frame's class
 * @param options the index of the blank class
 * @returns the tokens in order, each with its frames and its mean probability
 * @throws ArgumentError if `path` and `scores` differ in length
 * @example
 * ```ts
 * mergeTokens([0, 3, 3, 0, 3], [-0.1, -0.2, -0.1, -0.1, -0.3]).map(({ start, end }) => [start, end]); // [[1, 3], [4, 5]]
 * ```
 */
export function mergeTokens(
  path: ArrayLike<number>,
  scores: ArrayLike<number>,
  options: BlankOptions = {},
): TokenSpan[] {
  const blank = blankOf('mergeTokens', options);
  checkValue('mergeTokens', 'path', path, is.arrayOf(is.integer(0), 'an array of classes'));
  checkValue('mergeTokens', 'scores', scores, is.arrayOf(is.number({ infinite: true }), 'an array of ln p'));
  if (path.length !== scores.length)
    throw new ArgumentError(`[mergeTokens] expected a score for each of ${path.length} frames, got ${scores.length}`);
  const spans: TokenSpan[] = [];
  for (let start = 0, end = 0; start < path.length; start = end) {
    const token = path[start]!;
    let total = 0;
    for (; end < path.length && path[end] === token; end++) total += Math.exp(scores[end]!);
    if (token !== blank) spans.push({ token, start, end, confidence: total / (end - start) });
  }
  return spans;
}

/** The frames that one word takes. */
export interface WordSpan {
  readonly word: string;
  readonly start: number;
  readonly end: number;
  /** The mean of its tokens' confidences, weighted by their number of frames */
  readonly confidence: number;
}

/**
 * Groups aligned tokens into words.
 *
 * @param spans the tokens, as `ctcAlign` or `mergeTokens` returns them
 * @param tokens `[C]`: the text of each class
 * @param wordSeparator the text of the class between words
 * @returns the words in order, each with its frames and its mean probability
 * @throws ArgumentError `UNKNOWN_TOKEN` if a span has a class without a text
 * @example
 * ```ts
 * const spans = mergeTokens([2, 3, 1, 2], [-0.1, -0.1, -0.1, -0.1]);
 * wordSpans(spans, ['', ' ', 'a', 't']).map(({ word, start, end }) => [word, start, end]); // [['at', 0, 2], ['a', 3, 4]]
 * ```
 */
export function wordSpans(spans: readonly TokenSpan[], tokens: readonly string[], wordSeparator = ' '): WordSpan[] {
  checkValue(
    'wordSpans',
    'spans',
    spans,
    is.arrayOf(is.like('a span', 'token', 'start', 'end', 'confidence'), 'an array of spans'),
  );
  checkValue('wordSpans', 'tokens', tokens, is.arrayOf(is.string, 'an array of the text of each class'));
  checkValue('wordSpans', 'wordSeparator', wordSeparator, is.string);
  const unknown = spans.find(({ token }) => tokens[token] === undefined);
  if (unknown)
    throw new ArgumentError(
      `[wordSpans] expected the text of class ${unknown.token}, got ${tokens.length} tokens`,
      'UNKNOWN_TOKEN',
    );
  const words: WordSpan[] = [];
  let own: TokenSpan[] = [];
  const flush = (): void => {
    const frames = own.reduce((sum, { start, end }) => sum + end - start, 0);
    const total = own.reduce((sum, { start, end, confidence }) => sum + confidence * (end - start), 0);
    const [first, last] = [own[0], own.at(-1)];
    if (first && last)
      words.push({
        word: own.map(({ token }) => tokens[token]).join(''),
        start: first.start,
        end: last.end,
        confidence: total / frames,
      });
    own = [];
  };
  for (const span of spans) {
    if (tokens[span.token] === wordSeparator) flush();
    else own.push(span);
  }
  flush();
  return words;
}
