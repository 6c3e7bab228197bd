import { checkValue, is } from '@timestep/core';
import { isIterable } from '../checks.ts';

/**
 * A Hangul syllable is `0xAC00 + (initial·21 + medial)·28 + final` (The Unicode Standard, section 3.12): 19 initial
 * consonants, 21 vowels, 27 final consonants or none.
 */
const syllables = { first: 0xac00, last: 0xd7a3 };
const initials = { first: 0x1100, count: 19 };
const medials = { first: 0x1161, count: 21 };
/** The first one means no final consonant and is not written. */
const finals = { first: 0x11a7, count: 28 };

/**
 * Splits Hangul syllables into conjoining jamo and keeps everything else: 한 becomes ᄒ ᅡ ᆫ. Initial and final consonants
 * are different code points, so `fromJamo` can restore the text.
 *
 * @returns code points; those of syllables are U+1100–1112, U+1161–1175, U+11A8–11C2
 * @throws ArgumentError for anything but a string
 * @example
 * toJamo('한a').length;           // 4
 * fromJamo(toJamo('한국어'));      // '한국어'
 */
export function toJamo(text: string): string[] {
  checkValue('toJamo', 'text', text, is.string);
  const jamo: string[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < syllables.first || code > syllables.last) {
      jamo.push(character);
      continue;
    }
    const index = code - syllables.first;
    const final = index % finals.count;
    const medial = Math.floor(index / finals.count) % medials.count;
    const initial = Math.floor(index / (finals.count * medials.count));
    jamo.push(String.fromCharCode(initials.first + initial), String.fromCharCode(medials.first + medial));
    if (final > 0) jamo.push(String.fromCharCode(finals.first + final));
  }
  return jamo;
}

/**
 * Joins jamo to syllables, the inverse of `toJamo`: an initial consonant, a vowel and, if one follows, a final consonant.
 * Jamo that do not form a syllable, such as a model may write, are kept.
 *
 * @throws ArgumentError for anything but strings
 * @example
 * fromJamo(['ᄒ', 'ᅡ', 'ᆫ']);    // '한'
 */
export function fromJamo(jamo: Iterable<string>): string {
  checkValue('fromJamo', 'jamo', jamo, is.anyOf(is.string, isIterable));
  let text = '';
  // The parts of the current syllable.
  let [initial, syllable] = ['', 0];
  const flush = (): void => {
    text += syllable > 0 ? String.fromCharCode(syllable) : initial;
    [initial, syllable] = ['', 0];
  };
  for (const piece of jamo) {
    checkValue('fromJamo', 'each jamo', piece, is.string);
    for (const character of piece) {
      const code = character.codePointAt(0)!;
      const medial = code - medials.first;
      const final = code - finals.first;
      if (initial !== '' && syllable === 0 && medial >= 0 && medial < medials.count) {
        const index = (initial.charCodeAt(0) - initials.first) * medials.count + medial;
        syllable = syllables.first + index * finals.count;
      } else if (syllable > 0 && final > 0 && final < finals.count) {
        syllable += final;
        flush();
      } else {
        flush();
        if (code >= initials.first && code < initials.first + initials.count) initial = character;
        else text += character;
      }
    }
  }
  flush();
  return text;
}
