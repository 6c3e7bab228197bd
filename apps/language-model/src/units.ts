import { codePoints, fromJamo, toJamo, words } from '@timestep/datasets';

export const unitNames = ['word', 'character', 'syllable', 'jamo'] as const;
export type UnitName = (typeof unitNames)[number];

/** How a text becomes symbols and back. */
export interface Unit {
  /** The symbol at the end of a line, which every text begins after. */
  readonly end: string;
  split(line: string): string[];
  join(symbols: readonly string[]): string;
}

const letters: Unit = {
  end: '\n',
  split: (line) => codePoints(line.normalize('NFC')),
  join: (symbols) => symbols.join(''),
};

export const units: Readonly<Record<UnitName, Unit>> = {
  word: { end: '<eos>', split: words, join: (symbols) => symbols.join(' ').replaceAll(/ ?<eos> ?/gu, '\n') },
  character: letters,
  // A Hangul syllable is one code point in NFC.
  syllable: letters,
  jamo: {
    end: '\n',
    split: (line) => toJamo(line.normalize('NFC')),
    join: fromJamo,
  },
};

/** The symbols of a text, each line with its end. */
export function symbolsOf(text: string, { split, end }: Unit): string[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  // What follows the last line break is a line only where there is something.
  if (lines.at(-1) === '') lines.pop();
  return lines.flatMap((line) => [...split(line), end]);
}

/** The number of characters of a text, each with its line breaks: what bits per character divides by. */
export function countCharacters(text: string): number {
  return symbolsOf(text, letters).length;
}
