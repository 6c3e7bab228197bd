import type { BeamSearch } from './beam-search.ts';
import { logAdd } from './beam.ts';
import { noWord, unknownWord } from './fusion.ts';
import type { ResolvedOptions } from './options.ts';

/** A word with its time, in frames: from its first token's first frame to the frame after its last token's last. */
export interface TimedWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** One hypothesis of a beam search. */
export interface BeamResult {
  /** The words with one space between them; where words are not told apart, the tokens without any */
  readonly text: string;
  /** The classes of its labels */
  readonly tokens: number[];
  /** The first frame of each label's run on the most probable path */
  readonly starts: number[];
  /** The frame after each label's run */
  readonly ends: number[];
  /** Empty where words are not told apart */
  readonly words: TimedWord[];
  /** What it is ranked by */
  readonly score: number;
  /** ln p(tokens | frames), summed over the paths that the search kept */
  readonly ctcScore: number;
  /** ln p of the language model, without its weight */
  readonly languageModelScore: number;
}

export interface PartialResult extends BeamResult {
  /** True for the last result of a stream */
  readonly final: boolean;
}

/** The best `count` results of a search. With `final` the last word and the sentence are ended. */
export function readBeam(search: BeamSearch, options: ResolvedOptions, count: number, final: boolean): BeamResult[] {
  const { beam, tree } = search;
  const { fusion } = options;
  const found: { place: number; ctcScore: number; score: number; languageModelScore: number; word: number }[] = [];
  for (let place = 0; place < beam.count; place++) {
    const node = beam.nodes[place]!;
    const ctcScore = logAdd(beam.blanks[place]!, beam.labels[place]!);
    const [score, languageModelScore] = [ctcScore + tree.scores[node]!, tree.languageScores[node]!];
    if (!final || fusion === null) found.push({ place, ctcScore, score, languageModelScore, word: noWord });
    else {
      fusion.finish(tree.languages[node]!, tree.trees[node]!, tree.hots[node]!);
      for (const { score: more, languageScore, word } of fusion.continuations.slice(0, fusion.count)) {
        found.push({
          place,
          ctcScore,
          score: score + more,
          languageModelScore: languageModelScore + languageScore,
          word,
        });
      }
    }
  }
  const possible = found.filter(({ score }) => score > -Infinity).sort((a, b) => b.score - a.score);
  return possible
    .slice(0, count)
    .map(({ place, word, ...scores }) => ({ ...read(search, options, place, word), ...scores }));
}

function read(
  search: BeamSearch,
  options: ResolvedOptions,
  place: number,
  lastWord: number,
): Omit<BeamResult, 'score' | 'ctcScore' | 'languageModelScore'> {
  const { beam, tree } = search;
  const [tokens, words, starts, ends]: number[][] = [[], [], [], []];
  for (let node = beam.nodes[place]!; tree.parents[node]! >= 0; node = tree.parents[node]!) {
    tokens!.push(tree.tokens[node]!);
    words!.push(tree.words[node]!);
  }
  const inLabel = beam.bestLabels[place]! > beam.bestBlanks[place]!;
  if (inLabel) {
    starts!.push(beam.labelStarts[place]!);
    ends!.push(search.time);
  }
  for (
    let cell = (inLabel ? beam.labelTimings : beam.blankTimings)[place]!;
    cell !== 0;
    cell = tree.previousTimings[cell]!
  ) {
    starts!.push(tree.starts[cell]!);
    ends!.push(tree.ends[cell]!);
  }
  const lists = { tokens: tokens!.reverse(), starts: starts!.reverse(), ends: ends!.reverse() };
  const timed = options.tellsWords ? timedWords(options, lists, words!.reverse(), lastWord) : [];
  const text = options.tellsWords
    ? timed.map(({ word }) => word).join(' ')
    : lists.tokens.map((token) => options.tokens[token]).join('');
  return { text, ...lists, words: timed };
}

type Lists = Pick<BeamResult, 'tokens' | 'starts' | 'ends'>;

/**
 * The words: where the tree of spellings says that one ends, or else at the separators; the rest is an unfinished one.
 */
function timedWords(
  { tokens: names, separator, spellings }: ResolvedOptions,
  { tokens, starts, ends }: Lists,
  emitted: readonly number[],
  last: number,
): TimedWord[] {
  const words: TimedWord[] = [];
  let from = 0;
  const push = (to: number, word: number): void => {
    if (to > from) {
      const spelled = tokens
        .slice(from, to)
        .map((token) => names[token])
        .join('');
      words.push({ word: word >= 0 ? spellings!.words[word]! : spelled, start: starts[from]!, end: ends[to - 1]! });
    }
  };
  tokens.forEach((token, k) => {
    const word = emitted[k]!;
    if (token === separator) {
      push(k, word);
      from = k + 1;
    } else if (word !== noWord) {
      push(k + 1, word);
      from = k + 1;
    }
  });
  push(tokens.length, last === unknownWord ? noWord : last);
  return words;
}
