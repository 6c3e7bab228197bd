import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { type EditDistance, editDistance } from './edit-distance.ts';

/** An error rate: all edits divided by all reference tokens, as speech and handwriting papers report it. */
export interface ErrorRate {
  /**
   * edits / referenceLength. Insertions can take it above 1. Without reference tokens: 0 if there are no edits, else +∞
   */
  readonly rate: number;
  /** substitutions + insertions + deletions */
  readonly edits: number;
  readonly substitutions: number;
  readonly insertions: number;
  readonly deletions: number;
  /** Tokens of all references */
  readonly referenceLength: number;
}

/** Two tokens that the alignments pair, and how often. */
export interface ConfusionPair {
  /** null: the hypothesis token was inserted */
  readonly reference: string | null;
  /** null: the reference token was deleted */
  readonly hypothesis: string | null;
  readonly count: number;
}

/** Options of `confusionPairs`. */
export interface ConfusionOptions {
  /** The tokens to count: `character` by default. */
  readonly unit?: 'character' | 'word' | 'digit' | undefined;
  /** Whether to count correct tokens too, as in a confusion matrix; false by default. */
  readonly matches?: boolean | undefined;
}

const confusionRules: OptionRules<ConfusionOptions> = {
  unit: is.optional(is.oneOf('character', 'word', 'digit')),
  matches: is.optional(is.boolean),
};

const transcripts = is.arrayOf(
  is.anyOf(is.string, is.arrayOf(is.string, 'an array of tokens')),
  'an array of transcripts',
);

/** A text, or a list of its tokens. */
export type Transcript = string | readonly string[];

/**
 * Computes the character error rate (CER): the edits between the code points of references and hypotheses, divided by
 * the number of reference code points. Differences in case, spaces and Unicode normal form count as errors; normalize
 * the texts first if they should not.
 *
 * @param references the correct transcripts, one for each utterance
 * @param hypotheses the recognized transcripts, in the same order
 * @returns the rate and the number of edits of each kind
 * @throws ArgumentError `INVALID_ARGUMENT` if the two lists differ in length
 * @example
 * ```ts
 * characterErrorRate(['hello'], ['hallo']).rate; // 0.2
 * ```
 */
export function characterErrorRate(references: readonly Transcript[], hypotheses: readonly Transcript[]): ErrorRate {
  return total('characterErrorRate', references, hypotheses, characters);
}

/**
 * Computes the word error rate (WER): the edits between words, divided by the number of reference words. Words are
 * separated by white space.
 *
 * @param references the correct transcripts, one for each utterance
 * @param hypotheses the recognized transcripts, in the same order
 * @returns the rate and the number of edits of each kind
 * @throws ArgumentError `INVALID_ARGUMENT` if the two lists differ in length
 * @example
 * ```ts
 * wordErrorRate(['the cat sat'], ['the cat']).deletions; // 1
 * ```
 */
export function wordErrorRate(references: readonly Transcript[], hypotheses: readonly Transcript[]): ErrorRate {
  return total('wordErrorRate', references, hypotheses, words);
}

/**
 * Computes the digit error rate: the edits between the digits 0–9, divided by the number of reference digits. All other
 * characters are ignored.
 *
 * @param references the correct transcripts, one for each utterance
 * @param hypotheses the recognized transcripts, in the same order
 * @returns the rate and the number of edits of each kind
 * @throws ArgumentError `INVALID_ARGUMENT` if the two lists differ in length
 * @example
 * ```ts
 * digitErrorRate(['3 1 4'], ['314']).edits; // 0
 * ```
 */
export function digitErrorRate(references: readonly Transcript[], hypotheses: readonly Transcript[]): ErrorRate {
  return total('digitErrorRate', references, hypotheses, digits);
}

/**
 * Counts which tokens were confused: every pair of tokens that the alignments match, the most frequent first. Pairs
 * with the same count are in order of first occurrence.
 *
 * @param references the correct transcripts, one for each utterance
 * @param hypotheses the recognized transcripts, in the same order
 * @param options the unit, and whether correct tokens count too
 * @returns the pairs with their counts
 * @throws ArgumentError `INVALID_ARGUMENT` if the two lists differ in length
 * @example
 * ```ts
 * confusionPairs(['15', '59'], ['19', '99'])[0]; // { reference: '5', hypothesis: '9', count: 2 }
 * ```
 */
export function confusionPairs(
  references: readonly Transcript[],
  hypotheses: readonly Transcript[],
  options: ConfusionOptions = {},
): ConfusionPair[] {
  checkOptions('confusionPairs', options, confusionRules);
  const { unit = 'character', matches = false } = options;
  const tokens = { character: characters, word: words, digit: digits }[unit];
  const counts = new Map<string, { reference: string | null; hypothesis: string | null; count: number }>();
  for (const { alignment } of alignments('confusionPairs', references, hypotheses, tokens)) {
    for (const { kind, reference, hypothesis } of alignment) {
      if (kind === 'match' && !matches) continue;
      const key = JSON.stringify([reference, hypothesis]);
      const pair = counts.get(key) ?? { reference, hypothesis, count: 0 };
      pair.count += 1;
      counts.set(key, pair);
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

function total(
  where: string,
  references: readonly Transcript[],
  hypotheses: readonly Transcript[],
  tokens: (text: Transcript) => string[],
): ErrorRate {
  let [substitutions, insertions, deletions, referenceLength] = [0, 0, 0, 0];
  for (const edits of alignments(where, references, hypotheses, tokens)) {
    substitutions += edits.substitutions;
    insertions += edits.insertions;
    deletions += edits.deletions;
    referenceLength += edits.alignment.length - edits.insertions;
  }
  const edits = substitutions + insertions + deletions;
  return {
    rate: edits === 0 ? 0 : edits / referenceLength,
    edits,
    substitutions,
    insertions,
    deletions,
    referenceLength,
  };
}

function alignments(
  where: string,
  references: readonly Transcript[],
  hypotheses: readonly Transcript[],
  tokens: (text: Transcript) => string[],
): EditDistance<string>[] {
  checkValue(where, 'references', references, transcripts);
  checkValue(where, 'hypotheses', hypotheses, transcripts);
  if (references.length !== hypotheses.length) {
    throw new ArgumentError(
      `[${where}] expected as many hypotheses as references, got ${hypotheses.length} and ${references.length}; pass '' for an utterance without a result`,
    );
  }
  return references.map((reference, i) => editDistance<string>(tokens(reference), tokens(hypotheses[i]!)));
}

function characters(text: Transcript): string[] {
  return Array.from(text);
}

function words(text: Transcript): string[] {
  return typeof text === 'string' ? text.split(/\s+/u).filter((word) => word !== '') : [...text];
}

function digits(text: Transcript): string[] {
  return Array.from(text).filter((token) => /^[0-9]$/u.test(token));
}
