import { checkValue, is } from '@timestep/core';

/**
 * Splits a text into words at white space. An empty text has no words.
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
 * Splits a text into characters as readers count them (extended grapheme clusters). `é` and a syllable written in jamo
 * are one character each, whatever their encoding. For a model, normalise the text first: `text.normalize('NFC')`.
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
 * Splits a text into code points. This is faster than `characters`, and sufficient for text in NFC.
 *
 * @throws ArgumentError for anything but a string
 * @example
 * codePoints('a😀');    // ['a', '😀']
 */
export function codePoints(text: string): string[] {
  checkValue('codePoints', 'text', text, is.string);
  return Array.from(text);
}
