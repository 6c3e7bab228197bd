import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { type EditDistance, editDistance } from './edit-distance.ts';

/**
 * Edits over reference tokens, summed over all utterances before dividing, as speech and handwriting papers report it.
 */
export interface ErrorRate {
  /**
   * edits / referenceLength; above 1 where much is inserted; 0 for nothing against nothing, +∞ for something against
   * nothing
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

/** Two tokens that stand opposite each other in the alignments, and how often. */
export interface ConfusionPair {
  /** null: the hypothesis token was inserted */
  readonly reference: string | null;
  /** null: the reference token was deleted */
  readonly hypothesis: string | null;
  readonly count: number;
}

export interface ConfusionOptions {
  /** How a text falls into tokens: `character` by default. */
  readonly unit?: 'character' | 'word' | 'digit' | undefined;
  /** Count tokens that were read right too, as a confusion matrix wants them; false by default. */
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

/** A text, or its tokens. */
export type Transcript = string | readonly string[];

/**
 * Character error rate: edits between the code points of each reference and its hypothesis over all reference code
 * points. Case, spaces and normal forms count; make them equal first where they should not.
 *
 * @param references what was said or written, one transcript for each utterance
 * @param hypotheses what was read, in the same order
 * @throws ArgumentError `INVALID_ARGUMENT` where the two lists differ in length
 * @example
 * characterErrorRate(['hello'], ['hallo']).rate; // 0.2
 */
export function characterErrorRate(references: readonly Transcript[], hypotheses: readonly Transcript[]): ErrorRate {
  return total('characterErrorRate', references, hypotheses, characters);
}

/**
 * Word error rate: the same over words, which white space separates.
 *
 * @throws ArgumentError `INVALID_ARGUMENT` where the two lists differ in length
 * @example
 * wordErrorRate(['the cat sat'], ['the cat']).deletions; // 1
 */
export function wordErrorRate(references: readonly Transcript[], hypotheses: readonly Transcript[]): ErrorRate {
  return total('wordErrorRate', references, hypotheses, words);
}

/**
 * Digit error rate: the same over the digits 0–9 of each transcript; whatever stands between them is passed over.
 *
 * @throws ArgumentError `INVALID_ARGUMENT` where the two lists differ in length
 * @example
 * digitErrorRate(['3 1 4'], ['314']).edits; // 0
 */
export function digitErrorRate(references: readonly Transcript[], hypotheses: readonly Transcript[]): ErrorRate {
  return total('digitErrorRate', references, hypotheses, digits);
}

/**
 * What was taken for what: every pair of tokens that the alignments put opposite each other, most frequent first, then
 * in the order of their first meeting.
 *
 * @throws ArgumentError `INVALID_ARGUMENT` where the two lists differ in length
 * @example
 * confusionPairs(['15', '59'], ['19', '99'])[0]; // { reference: '5', hypothesis: '9', count: 2 }
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
      `[${where}] expected as many hypotheses as references, got ${hypotheses.length} and ${references.length}; pass '' for an utterance that was read as nothing`,
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
