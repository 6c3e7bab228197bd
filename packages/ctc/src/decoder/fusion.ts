import type { NgramModel } from '../language-model/ngram-model.ts';
import type { HotWords } from './hot-words.ts';
import type { SpellingTree } from './lexicon.ts';

export interface FusionParts {
  readonly model: NgramModel | null;
  /** Whether the model's words are words or single tokens */
  readonly unit: 'word' | 'token';
  /** `[C]`: the model's number of each token, for the unit `token` */
  readonly symbols: Int32Array;
  readonly tree: SpellingTree | null;
  /** Whether words outside the tree are refused */
  readonly closed: boolean;
  /** The class between words, −1 for none */
  readonly separator: number;
  readonly hotWords: HotWords | null;
  readonly alpha: number;
  readonly beta: number;
  readonly unknownScore: number;
  readonly endOfSentence: boolean;
}

/** Tree node of a word that no word of the tree begins with. */
const unknown = -1;

/** One way to go on from a hypothesis. */
export interface Continuation {
  /** The word that it completes, or −1 for none; −2 for one outside the tree */
  word: number;
  /** State of the language model */
  language: number;
  tree: number;
  hot: number;
  /** What is added to the hypothesis's score: α·ln p + β for each word (or token), bonuses */
  score: number;
  /** ln p of the language model alone */
  languageScore: number;
}

export const noWord = -1;
export const unknownWord = -2;

/**
 * What a hypothesis earns beside the probability of its tokens, token by token. Its state is that of the language
 * model, the node of the unfinished word in the tree of spellings, and the state of the hot words.
 */
export class Fusion {
  readonly #parts: FusionParts;
  /** The tree's words by their number in the model */
  readonly #wordNumbers: Int32Array;
  readonly #unknownNumber: number;
  readonly #endNumber: number;
  /** The first `count` of these are the answer of `step` or `finish`. */
  readonly continuations: Continuation[] = [];
  count = 0;
  readonly #unknownProvisional: number;
  /** Of the last `#wordScore` */
  #languageScore = 0;
  #next = 0;
  /** A bound on what one token can add to the score and its provisional part together */
  readonly most: number;

  constructor(parts: FusionParts) {
    this.#parts = parts;
    const { model, tree, alpha, beta, unknownScore, hotWords } = parts;
    this.#wordNumbers = Int32Array.from(tree?.words ?? [], (word) => model?.words.index(word) ?? -1);
    this.#unknownNumber = model?.words.index('<unk>') ?? -1;
    this.#endNumber = model?.words.index('</s>') ?? -1;
    this.most = 2 * (Math.max(0, beta) + Math.max(0, unknownScore)) + (hotWords?.most ?? 0);
    const isUsed = model !== null && parts.unit === 'word';
    // An unfinished word is taken for the most probable one that begins so; its own score replaces this at its end.
    tree?.look((word) => (isUsed ? this.#wordScore(0, word) : beta));
    this.#unknownProvisional = beta + (isUsed ? alpha * model.step(0, this.#unknownNumber) + unknownScore : 0);
  }

  /** The model's and the hot words' states at the beginning; the tree's is 0. */
  get start(): { language: number; hot: number } {
    return { language: this.#parts.model?.start ?? 0, hot: this.#parts.hotWords?.start ?? 0 };
  }

  /** What an unfinished word and a begun phrase are expected to earn; counts for pruning only. */
  provisional(tree: number, hot: number): number {
    const { tree: spellings, hotWords } = this.#parts;
    const word =
      spellings === null || tree === 0 ? 0 : tree === unknown ? this.#unknownProvisional : spellings.best(tree);
    return word + (hotWords?.credit(hot) ?? 0);
  }

  /** The ways to go on with `token`; none where the lexicon forbids it. */
  step(language: number, tree: number, hot: number, token: number): void {
    const { hotWords, tree: spellings, separator, closed, unit } = this.#parts;
    this.count = 0;
    let nextHot = 0;
    let bonus = 0;
    if (hotWords) {
      nextHot = hotWords.step(hot, token);
      bonus = hotWords.bonus;
    }
    if (spellings === null) this.#plain(language, 0, nextHot, bonus);
    else if (token === separator) this.#endWord(language, tree, nextHot, bonus);
    else {
      const child = tree === unknown ? unknown : spellings.child(tree, token);
      if (child !== unknown || !closed) {
        if (separator < 0) {
          for (const word of spellings.wordsAt(child)) this.#emit(language, word, nextHot, bonus);
          if (spellings.hasChildren(child)) this.#plain(language, child, nextHot, bonus);
        } else this.#plain(language, child, nextHot, bonus);
      }
    }
    if (unit === 'token') this.#addToken(token);
  }

  /** The ways to end; none where the lexicon forbids it. */
  finish(language: number, tree: number, hot: number): void {
    const { hotWords, tree: spellings, separator, endOfSentence, alpha, model } = this.#parts;
    this.count = 0;
    const bonus = hotWords?.finish(hot) ?? 0;
    if (spellings === null || tree === 0) this.#plain(language, 0, 0, bonus);
    else if (separator >= 0) this.#endWord(language, tree, 0, bonus);
    if (model === null || !endOfSentence || this.#endNumber < 0) return;
    for (let k = 0; k < this.count; k++) {
      const continuation = this.continuations[k]!;
      const score = model.step(continuation.language, this.#endNumber);
      continuation.languageScore += score;
      continuation.score += alpha * score;
    }
  }

  #endWord(language: number, tree: number, hot: number, bonus: number): void {
    if (tree === 0) {
      this.#plain(language, 0, hot, bonus);
      return;
    }
    const words = tree === unknown ? [] : this.#parts.tree!.wordsAt(tree);
    for (const word of words) this.#emit(language, word, hot, bonus);
    if (words.length === 0 && !this.#parts.closed) this.#emit(language, unknownWord, hot, bonus);
  }

  #plain(language: number, tree: number, hot: number, score: number): void {
    this.#push(noWord, language, tree, hot, score, 0);
  }

  #emit(language: number, word: number, hot: number, bonus: number): void {
    const score = this.#wordScore(language, word);
    this.#push(word, this.#next, 0, hot, score + bonus, this.#languageScore);
  }

  /** α·ln p + β of a word after a state, and the penalty of one that the model does not know. */
  #wordScore(language: number, word: number): number {
    const { model, unit, alpha, beta, unknownScore } = this.#parts;
    this.#next = language;
    this.#languageScore = 0;
    if (unit === 'token') return 0;
    if (model === null) return beta;
    const number = word === unknownWord ? -1 : this.#wordNumbers[word]!;
    this.#languageScore = model.step(language, number < 0 ? this.#unknownNumber : number);
    this.#next = model.next;
    return alpha * this.#languageScore + beta + (number < 0 ? unknownScore : 0);
  }

  #addToken(token: number): void {
    const { model, symbols, alpha, beta } = this.#parts;
    for (let k = 0; k < this.count; k++) {
      const continuation = this.continuations[k]!;
      continuation.score += beta;
      if (model === null) continue;
      const score = model.step(continuation.language, symbols[token]!);
      continuation.language = model.next;
      continuation.languageScore = score;
      continuation.score += alpha * score;
    }
  }

  #push(word: number, language: number, tree: number, hot: number, score: number, languageScore: number): void {
    const at = this.count++;
    const kept = this.continuations[at];
    if (kept) {
      kept.word = word;
      kept.language = language;
      kept.tree = tree;
      kept.hot = hot;
      kept.score = score;
      kept.languageScore = languageScore;
    } else this.continuations.push({ word, language, tree, hot, score, languageScore });
  }
}
