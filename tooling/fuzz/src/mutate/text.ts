import type { Random } from '../random.ts';
import { oddNumbers } from './bytes.ts';

const snippets: readonly string[] = [
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\r',
  '\0',
  '\ufeff',
  '"',
  "'",
  ',',
  ';',
  ':',
  '\\',
  '/',
  '..',
  '%',
  '&',
  '<',
  '>',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '#',
  '@',
  '.',
  '-',
  '+',
  'e',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e999',
  '-0',
  '0x10',
  'null',
  'true',
  '__proto__',
  'constructor',
  'é',
  '가',
  '\u1100\u1161',
  '😀',
  '\ud800',
  '[['.repeat(20),
  'a'.repeat(300),
  '9'.repeat(30),
];

/**
 * Damages a text in one to four ways: pieces, numbers, and whole lines.
 *
 * @param words what the format's own language has, such as `\\1-grams:`
 */
export function mutateText(text: string, random: Random, words: readonly string[] = []): string {
  let out = text;
  for (let times = 1 + random.integer(4); times > 0; times--) out = mutateOnce(out, random, words);
  return out;
}

/** {@link mutateText} on the bytes of a text in UTF-8. */
export function mutateBytesAsText(bytes: Uint8Array, random: Random, words: readonly string[]): Uint8Array {
  return new TextEncoder().encode(mutateText(new TextDecoder().decode(bytes), random, words));
}

function mutateOnce(text: string, random: Random, words: readonly string[]): string {
  const at = random.integer(text.length + 1);
  const piece = words.length > 0 && random.chance(0.5) ? random.pick(words) : random.pick(snippets);
  switch (random.integer(7)) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at);
    case 1:
      return text.slice(0, at) + piece + text.slice(at + 1 + random.integer(8));
    case 2:
      return text.slice(0, at) + text.slice(at + random.integer(30));
    case 3:
      return text.slice(0, at) + text.slice(Math.max(0, at - random.integer(60)));
    case 4:
      return replaceOne(text, /-?\d+(?:\.\d+)?/gu, String(random.pick(oddNumbers)), random);
    case 5:
      return replaceOne(text, /[A-Za-z_]+/gu, piece, random);
    default:
      return changeLines(text, random);
  }
}

function replaceOne(text: string, pattern: RegExp, replacement: string, random: Random): string {
  const places = [...text.matchAll(pattern)];
  if (places.length === 0) return text + replacement;
  const place = random.pick(places);
  return text.slice(0, place.index) + replacement + text.slice(place.index + place[0].length);
}

function changeLines(text: string, random: Random): string {
  const lines = text.split('\n');
  const [a, b] = [random.integer(lines.length), random.integer(lines.length)];
  const kind = random.integer(4);
  if (kind === 0) lines.splice(a, 1 + random.integer(3));
  else if (kind === 1) lines.splice(a, 0, lines[b]!);
  else if (kind === 2) [lines[a], lines[b]] = [lines[b]!, lines[a]!];
  else lines[a] = lines[a]! + lines[b]!;
  return lines.join('\n');
}
