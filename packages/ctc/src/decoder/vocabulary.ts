import { ArgumentError } from '@timestep/core';
import type { NgramModel } from '../language-model/ngram-model.ts';
import { SpellingTree } from './lexicon.ts';
import type { Speller } from './speller.ts';

const special: readonly string[] = ['<s>', '</s>', '<unk>'];

/**
 * Builds the tree of the model's words that the tokens can spell. All other texts are unknown words. Adds the words
 * that the tokens cannot spell to `unspelled`.
 *
 * @throws ArgumentError `UNKNOWN_TOKEN` if the tokens can spell none of the words
 */
export function vocabularyTree(given: {
  readonly model: NgramModel | null;
  readonly speller: Speller;
  readonly separator: number;
  readonly units: readonly (readonly number[])[];
  readonly unspelled: string[];
}): SpellingTree {
  const { model, speller, separator, units, unspelled } = given;
  const tree = new SpellingTree(units);
  for (let k = 0; k < (model?.words.size ?? 0); k++) {
    const word = model!.words.word(k);
    if (special.includes(word)) continue;
    const classes = speller.spell(word);
    if (classes === null || classes.length === 0 || classes.includes(separator)) unspelled.push(word);
    else
      tree.add(
        word,
        classes.flatMap((c) => [...units[c]!]),
      );
  }
  if (tree.words.length === 0 && unspelled.length > 0)
    throw new ArgumentError(
      `[CTCBeamDecoder] the tokens can spell none of the language model's words, such as ${shown(unspelled)}; expected a model of the same alphabet: check its case, or pass unit: 'token' for a model of tokens`,
      'UNKNOWN_TOKEN',
    );
  return tree;
}

/** Checks that the model knows at least one of the texts. @throws ArgumentError `UNKNOWN_WORD` */
export function checkKnown(model: NgramModel, what: string, texts: readonly string[]): void {
  if (texts.length === 0 || texts.some((text) => model.words.index(text) >= 0)) return;
  throw new ArgumentError(
    `[CTCBeamDecoder] the language model knows none of the ${what}, such as ${shown(texts)}; expected a model of the same units: check its case, and whether its units are words or tokens`,
    'UNKNOWN_WORD',
  );
}

function shown(words: readonly string[]): string {
  return words
    .slice(0, 3)
    .map((word) => JSON.stringify(word))
    .join(', ');
}
