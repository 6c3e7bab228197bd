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
  /** Whether words outside the tree are forbidden */
  readonly closed: boolean;
  /** The class between words; −1 if there is none */
  readonly separator: number;
  readonly hotWords: HotWords | null;
  readonly alpha: number;
  readonly beta: number;
  readonly unknownScore: number;
  readonly endOfSentence: boolean;
}

/** The tree node of an unfinished word that is not a prefix of any word in the tree. */
const unknown = -1;

/** One way to continue a hypothesis. */
export interface Continuation {
  /** The word that it completes; `noWord` for none, `unknownWord` for one outside the tree */
  word: number;
  /** The state of the language model after it */
  lmState: number;
  /** The node of the unfinished word in the tree of spellings */
  spellingState: number;
  /** The state of the hot words */
  hotWordState: number;
  /** The score to add to the hypothesis: α·ln p + β for each word (or token), and bonuses */
  score: number;
  /** ln p of the language model alone */
  lmScore: number;
}

export const noWord = -1;
export const unknownWord = -2;

/**
 * Computes the score of a hypothesis beside the probability of its tokens, token by token (shallow fusion). Its state
 * has three parts: the state of the language model, the node of the unfinished word in the tree of spellings, and the
 * state of the hot words.
 */
export class Fusion {
  readonly #parts: FusionParts;
  /** The number in the model of each word of the tree */
  readonly #wordNumbers: Int32Array;
  readonly #unknownNumber: number;
  readonly #endNumber: number;
  /** The first `count` of these are the result of `step` or `finish`. */
  readonly continuations: Continuation[] = [];
  count = 0;
  readonly #unknownProvisional: number;
  /** Of the last `#wordScore` */
  #lmScore = 0;
  #next = 0;
  /** An upper bound of what one token adds to the score plus the provisional score */
  readonly most: number;

  constructor(parts: FusionParts) {
    this.#parts = parts;
    const { model, tree, alpha, beta, unknownScore, hotWords } = parts;
    this.#wordNumbers = Int32Array.from(tree?.words ?? [], (word) => model?.words.index(word) ?? -1);
    this.#unknownNumber = model?.words.index('<unk>') ?? -1;
    this.#endNumber = model?.words.index('</s>') ?? -1;
    this.most = 2 * (Math.max(0, beta) + Math.max(0, unknownScore)) + (hotWords?.most ?? 0);
    const isUsed = model !== null && parts.unit === 'word';
    // An unfinished word is scored like the most probable word that begins with it, until it is complete.
    tree?.smear((word) => (isUsed ? this.#wordScore(0, word) : beta));
    this.#unknownProvisional = beta + (isUsed ? alpha * model.step(0, this.#unknownNumber) + unknownScore : 0);
  }

  /** The first states of the language model and the hot words. That of the tree is 0. */
  get start(): { lmState: number; hotWordState: number } {
    return { lmState: this.#parts.model?.start ?? 0, hotWordState: this.#parts.hotWords?.start ?? 0 };
  }

  /** Returns the expected score of an unfinished word and phrase, which is used for pruning only. */
  provisional(spellingState: number, hotWordState: number): number {
    const { tree: spellings, hotWords } = this.#parts;
    const word =
      spellings === null || spellingState === 0
        ? 0
        : spellingState === unknown
          ? this.#unknownProvisional
          : spellings.best(spellingState);
    return word + (hotWords?.credit(hotWordState) ?? 0);
  }

  /** Finds the ways to continue with `token`; none if the lexicon forbids it. */
  step(lmState: number, spellingState: number, hotWordState: number, token: number): void {
    const { hotWords, tree: spellings, separator, closed, unit } = this.#parts;
    this.count = 0;
    let nextHot = 0;
    let bonus = 0;
    if (hotWords) {
      nextHot = hotWords.step(hotWordState, token);
      bonus = hotWords.bonus;
    }
    if (spellings === null) this.#plain(lmState, 0, nextHot, bonus);
    else if (token === separator) this.#endWord(lmState, spellingState, nextHot, bonus);
    else {
      const child = spellingState === unknown ? unknown : spellings.child(spellingState, token);
      if (child !== unknown || !closed) {
        if (separator < 0) {
          for (const word of spellings.wordsAt(child)) this.#emit(lmState, word, nextHot, bonus);
          if (spellings.hasChildren(child)) this.#plain(lmState, child, nextHot, bonus);
        } else this.#plain(lmState, child, nextHot, bonus);
      }
    }
    if (unit === 'token') this.#addToken(token);
  }

  /** Finds the ways to end the utterance; none if the lexicon forbids it. */
  finish(lmState: number, spellingState: number, hotWordState: number): void {
    const { hotWords, tree: spellings, separator, endOfSentence, alpha, model } = this.#parts;
    this.count = 0;
    const bonus = hotWords?.finish(hotWordState) ?? 0;
    if (spellings === null || spellingState === 0) this.#plain(lmState, 0, 0, bonus);
    else if (separator >= 0) this.#endWord(lmState, spellingState, 0, bonus);
    if (model === null || !endOfSentence || this.#endNumber < 0) return;
    for (let k = 0; k < this.count; k++) {
      const continuation = this.continuations[k]!;
      const score = model.step(continuation.lmState, this.#endNumber);
      continuation.lmScore += score;
      continuation.score += alpha * score;
    }
  }

  #endWord(lmState: number, spellingState: number, hotWordState: number, bonus: number): void {
    if (spellingState === 0) {
      this.#plain(lmState, 0, hotWordState, bonus);
      return;
    }
    const words = spellingState === unknown ? [] : this.#parts.tree!.wordsAt(spellingState);
    for (const word of words) this.#emit(lmState, word, hotWordState, bonus);
    if (words.length === 0 && !this.#parts.closed) this.#emit(lmState, unknownWord, hotWordState, bonus);
  }

  #plain(lmState: number, spellingState: number, hotWordState: number, score: number): void {
    this.#push(noWord, lmState, spellingState, hotWordState, score, 0);
  }

  #emit(lmState: number, word: number, hotWordState: number, bonus: number): void {
    const score = this.#wordScore(lmState, word);
    this.#push(word, this.#next, 0, hotWordState, score + bonus, this.#lmScore);
  }

  /** Returns α·ln p + β of a word after a state, plus `unknownScore` for an unknown word. */
  #wordScore(lmState: number, word: number): number {
    const { model, unit, alpha, beta, unknownScore } = this.#parts;
    this.#next = lmState;
    this.#lmScore = 0;
    if (unit === 'token') return 0;
    if (model === null) return beta;
    const number = word === unknownWord ? -1 : this.#wordNumbers[word]!;
    this.#lmScore = model.step(lmState, number < 0 ? this.#unknownNumber : number);
    this.#next = model.next;
    return alpha * this.#lmScore + beta + (number < 0 ? unknownScore : 0);
  }

  #addToken(token: number): void {
    const { model, symbols, alpha, beta } = this.#parts;
    for (let k = 0; k < this.count; k++) {
      const continuation = this.continuations[k]!;
      continuation.score += beta;
      if (model === null) continue;
      const score = model.step(continuation.lmState, symbols[token]!);
      continuation.lmState = model.next;
      continuation.lmScore = score;
      continuation.score += alpha * score;
    }
  }

  #push(
    word: number,
    lmState: number,
    spellingState: number,
    hotWordState: number,
    score: number,
    lmScore: number,
  ): void {
    const at = this.count++;
    const kept = this.continuations[at];
    if (kept) {
      kept.word = word;
      kept.lmState = lmState;
      kept.spellingState = spellingState;
      kept.hotWordState = hotWordState;
      kept.score = score;
      kept.lmScore = lmScore;
    } else this.continuations.push({ word, lmState, spellingState, hotWordState, score, lmScore });
  }
}
