import type { BeamSearch } from './beam-search.ts';
import { type Beam, logAdd } from './beam.ts';
import { noWord, unknownWord } from './fusion.ts';
import type { ResolvedOptions } from './options.ts';
import type { PrefixTree } from './prefix-tree.ts';

/** A word with its time in frames: from the first frame of its first token to the frame after its last token. */
export interface TimedWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** One hypothesis of a beam search. */
export interface BeamResult {
  /** The words, separated by single spaces; without a separator or a lexicon, the tokens joined together */
  readonly text: string;
  /** The classes of its labels, with one separator between words; the best spelling if there are several */
  readonly tokens: number[];
  /** The first frame of each label's run on the most probable path */
  readonly starts: number[];
  /** The frame after each label's run */
  readonly ends: number[];
  /** Its words; empty without a separator or a lexicon */
  readonly words: TimedWord[];
  /** The score that ranks it; the sum over all spellings of the text */
  readonly score: number;
  /** ln p(text | frames), summed over the paths that the search kept */
  readonly ctcScore: number;
  /** ln p of the language model, without its weight */
  readonly languageModelScore: number;
}

/** A result of `decodeStream`. */
export interface PartialResult extends BeamResult {
  /** True for the last result of a stream */
  readonly final: boolean;
}

/** A hypothesis before its tokens are read. */
interface Found extends Pick<BeamResult, 'score' | 'ctcScore' | 'languageModelScore'> {
  /** Its index in the beam */
  readonly place: number;
  /** Whether its last token is a separator, which is not part of its text */
  readonly trailing: boolean;
  /** The word that the end of the sentence completes */
  readonly word: number;
  /** ln p of its most probable path */
  readonly best: number;
}

/**
 * Returns the best `count` results of a search. Hypotheses with the same text are merged and their probabilities added,
 * whether they differ in spaces, spelling or tokens. `final` ends the last word and the sentence.
 */
export function readBeam(search: BeamSearch, options: ResolvedOptions, count: number, final: boolean): BeamResult[] {
  const found = final ? ended(search, options) : unfinished(search, options);
  const texts = new Map<string, BeamResult>();
  // A lexicon may split the same tokens into the same words in several ways. Count such tokens once.
  const said = new Set<string>();
  for (const { place, trailing, word, best: _best, ...scores } of found.sort((a, b) => b.score - a.score)) {
    if (!(scores.score > -Infinity)) continue;
    const result = { ...read(search, options, place, trailing, word), ...scores };
    const key = JSON.stringify([result.text, result.tokens]);
    if (said.has(key)) continue;
    said.add(key);
    const best = texts.get(result.text);
    if (best === undefined) texts.set(result.text, result);
    else {
      const [score, ctcScore] = [logAdd(best.score, result.score), logAdd(best.ctcScore, result.ctcScore)];
      texts.set(result.text, { ...best, score, ctcScore });
    }
  }
  return [...texts.values()].sort((a, b) => b.score - a.score).slice(0, count);
}

/** The hypotheses as they are, with an unfinished word at the end. */
function unfinished({ beam, tree }: BeamSearch, { separator }: ResolvedOptions): Found[] {
  return Array.from({ length: beam.count }, (_, place) => {
    const node = beam.nodes[place]!;
    const trailing = separator >= 0 && tree.tokens[node] === separator;
    return { ...scored(beam, tree, place, node), place, trailing, word: trailing ? tree.words[node]! : noWord };
  });
}

/**
 * Ends the hypotheses. "a" and "a " are the same text: their paths are added, and the times are those of the most
 * probable path of both.
 */
function ended(search: BeamSearch, options: ResolvedOptions): Found[] {
  const { beam, tree } = search;
  const { fusion, separator } = options;
  const groups = new Map<string, Found>();
  for (let place = 0; place < beam.count; place++) {
    const node = beam.nodes[place]!;
    const trailing = separator >= 0 && tree.tokens[node] === separator;
    const base = trailing ? tree.parents[node]! : node;
    const { ctcScore, score, languageModelScore, best } = scored(beam, tree, place, base);
    const enter = (word: number, more: number, lmScore: number): void => {
      const key = `${base}:${word}`;
      const other = groups.get(key);
      const both = other === undefined ? ctcScore : logAdd(ctcScore, other.ctcScore);
      const found = {
        ctcScore: both,
        score: score - ctcScore + more + both,
        languageModelScore: languageModelScore + lmScore,
      };
      const path = other !== undefined && other.best >= best ? other : { place, trailing, best };
      groups.set(key, { ...found, word, place: path.place, trailing: path.trailing, best: path.best });
    };
    if (fusion === null) {
      enter(noWord, 0, 0);
      continue;
    }
    fusion.finish(tree.lmStates[base]!, tree.spellingStates[base]!, tree.hotWordStates[base]!);
    for (const { score: more, lmScore, word } of fusion.continuations.slice(0, fusion.count)) {
      if (!trailing || word === tree.words[node]) enter(word, more, lmScore);
    }
  }
  return [...groups.values()];
}

function scored({ blanks, labels, bestBlanks, bestLabels }: Beam, tree: PrefixTree, place: number, node: number) {
  const ctcScore = logAdd(blanks[place]!, labels[place]!);
  return {
    ctcScore,
    score: ctcScore + tree.scores[node]!,
    languageModelScore: tree.lmScores[node]!,
    best: Math.max(bestBlanks[place]!, bestLabels[place]!),
  };
}

function read(
  search: BeamSearch,
  options: ResolvedOptions,
  place: number,
  trailing: boolean,
  lastWord: number,
): Omit<BeamResult, 'score' | 'ctcScore' | 'languageModelScore'> {
  const { beam, tree } = search;
  const [tokens, words, starts, ends]: number[][] = [[], [], [], []];
  for (let node = beam.nodes[place]!; tree.parents[node]! >= 0; node = tree.parents[node]!) {
    tokens!.push(tree.tokens[node]!);
    words!.push(tree.words[node]!);
  }
  const inLabel = beam.bestLabels[place]! > beam.bestBlanks[place]!;
  // The empty prefix has no run, even if its paths end in a separator.
  if (inLabel && tokens!.length > 0) {
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
  if (trailing) for (const list of [tokens, words, starts, ends]) list!.shift();
  const lists = { tokens: tokens!.reverse(), starts: starts!.reverse(), ends: ends!.reverse() };
  const timed = options.tellsWords ? timedWords(options, lists, words!.reverse(), lastWord) : [];
  const text = options.tellsWords
    ? timed.map(({ word }) => word).join(' ')
    : lists.tokens.map((token) => options.tokens[token]).join('');
  return { text, ...lists, words: timed };
}

type Lists = Pick<BeamResult, 'tokens' | 'starts' | 'ends'>;

/**
 * Splits tokens into words, where the tree of spellings ends a word or at separators. The rest is an unfinished word.
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
