import { checkValue, is } from '@timestep/core';

/**
 * The words of a text: what runs of white space part. An empty text has none.
 *
 * @throws ArgumentError for anything but a string
 * @example
 * words('the  cat\n');    // ['the', 'cat']
 */
export function words(text: string): string[] {
  checkValue('words', 'text', text, is.string);
  return text.match(/\S+/gu) ?? [];
}

/**
 * The characters of a text as a reader counts them (extended grapheme clusters): `é` and a syllable in jamo are one
 * each, however they are encoded. For a model it is best to normalise first: `text.normalize('NFC')`.
 *
 * @throws ArgumentError for anything but a string
 * @example
 * characters('né가');    // ['n', 'é', '가']
 */
export function characters(text: string): string[] {
  checkValue('characters', 'text', text, is.string);
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * The code points of a text; faster than `characters`, and enough for text in NFC.
 *
 * @throws ArgumentError for anything but a string
 * @example
 * codePoints('a😀');    // ['a', '😀']
 */
export function codePoints(text: string): string[] {
  checkValue('codePoints', 'text', text, is.string);
  return Array.from(text);
}
