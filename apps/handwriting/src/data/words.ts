import type { RandomSource } from '@timestep/datasets';
import { wordList } from 'random-words';
import { characters } from '../ink/fonts.ts';

/** Every eighth word is kept for judging, and never seen in training. */
const isHeldOut = (_word: string, index: number): boolean => index % 8 === 0;
const plain = wordList.filter((word) => /^[a-z]{2,10}$/u.test(word));
export const heldOutWords = plain.filter(isHeldOut);
export const trainingWords = plain.filter((word, index) => !isHeldOut(word, index));

/**
 * Half the text is words, a quarter digit strings; the rest are letters in any order, so that the network reads shapes
 * and not only words.
 */
export function trainingText(random: RandomSource): string {
  const kind = random.uniform();
  if (kind < 0.5) return cased(trainingWords[random.integer(trainingWords.length)]!, random);
  if (kind < 0.75) return randomString(characters.slice(0, 10), random);
  return kind < 0.9 ? randomString(characters.slice(36), random) : randomString(characters.slice(10, 36), random);
}

/** Words that training never saw, and digit strings: one in five. */
export function heldOutText(random: RandomSource): string {
  return random.uniform() < 0.2
    ? randomString(characters.slice(0, 10), random)
    : cased(heldOutWords[random.integer(heldOutWords.length)]!, random);
}

/** Mostly small letters, sometimes with a capital first. */
function cased(word: string, random: RandomSource): string {
  return random.uniform() < 0.75 ? word : word[0]!.toUpperCase() + word.slice(1);
}

function randomString(alphabet: readonly string[], random: RandomSource): string {
  return Array.from({ length: 1 + random.integer(6) }, () => alphabet[random.integer(alphabet.length)]!).join('');
}
