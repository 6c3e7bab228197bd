import { toJamo, words } from '@timestep/datasets';

/** The units of a text: words between blanks, or characters. */
export const textUnits = ['word', 'character'] as const;
export type TextUnit = (typeof textUnits)[number];

/** Rows of the two tables that hold a text's features. */
export interface HashSizes {
  /** Of the units themselves. Row 0 is empty. */
  readonly units: number;
  /** Of their parts: pieces of a word, or the surroundings of a character. Row 0 is empty. */
  readonly parts: number;
}

/** A text as rows of two tables. Every text has them, also one of unknown words. */
export interface HashedText {
  readonly units: readonly string[];
  /** `[T]`, the row of each unit */
  readonly own: Int32Array;
  /** For each unit, the rows of its parts */
  readonly parts: readonly Int32Array[];
}

/** The units of a text. Characters are those of the text with its blanks joined. */
export function unitsOf(text: string, unit: TextUnit): string[] {
  const pieces = words(text.normalize('NFC'));
  return unit === 'word' ? pieces : Array.from(pieces.join(' '));
}

/**
 * The features of units, hashed into tables of a fixed size (Weinberger et al. 2009): the unit itself, and its parts.
 * Parts of a word are its character n-grams (Bojanowski et al. 2017) and its shape; parts of a character are its jamo and
 * the n-grams that contain it. A word that training never saw shares the parts of words that it did see.
 */
export function hashUnits(units: readonly string[], unit: TextUnit, sizes: HashSizes): HashedText {
  const lower = units.map((text) => text.toLowerCase());
  const partsAt = unit === 'word' ? (t: number) => wordParts(lower[t]!) : (t: number) => surroundings(lower, t);
  return {
    units,
    own: Int32Array.from(lower, (text) => rowOf(text, sizes.units)),
    parts: lower.map((_, t) => Int32Array.from(partsAt(t), (part) => rowOf(part, sizes.parts))),
  };
}

const hangul = /\p{Script=Hangul}/u;

function wordParts(word: string): string[] {
  const letters = Array.from(`<${word.slice(0, 40)}>`);
  // A syllable says as much as two or three letters.
  const lengths = hangul.test(word) ? [1, 2, 3] : [2, 3, 4];
  const grams = lengths.flatMap((length) =>
    letters.slice(0, Math.max(0, letters.length - length + 1)).map((_, at) => letters.slice(at, at + length).join('')),
  );
  const shape = word.replaceAll(/\d/gu, '0').replaceAll(/\p{L}+/gu, 'a');
  return [...grams, `shape ${shape}`];
}

function surroundings(characters: readonly string[], t: number): string[] {
  const at = (from: number, to: number): string =>
    Array.from({ length: to - from + 1 }, (_, k) => characters[t + from + k] ?? '|').join('');
  const jamo = toJamo(characters[t]!);
  return [
    ...(jamo.length > 1 ? jamo : []),
    `l${at(-1, 0)}`,
    `r${at(0, 1)}`,
    `a${at(-2, 0)}`,
    `b${at(-1, 1)}`,
    `c${at(0, 2)}`,
    `d${at(-1, 2)}`,
  ];
}

/** A row in 1 … rows − 1, by FNV-1a. */
function rowOf(text: string, rows: number): number {
  let hash = 0x811c9dc5;
  for (let k = 0; k < text.length; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
  hash ^= hash >>> 15;
  return 1 + ((hash >>> 0) % (rows - 1));
}

/** The letters and digits of texts, each once, in code point order: what a model has seen. */
export function alphabetOf(texts: Iterable<string>): string {
  const seen = new Set<string>();
  for (const text of texts) for (const [letter] of lettersOf(text)) seen.add(letter);
  return [...seen].sort().join('');
}

/** Whether a text has letters, and none of them is in the alphabet: it is in another script. */
export function isForeign(text: string, alphabet: string): boolean {
  const letters = Array.from(lettersOf(text), ([letter]) => letter);
  return letters.length > 0 && letters.every((letter) => !alphabet.includes(letter));
}

function lettersOf(text: string): IterableIterator<RegExpExecArray> {
  return text
    .normalize('NFC')
    .toLowerCase()
    .matchAll(/[\p{L}\d]/gu);
}
