import { ArgumentError } from '@timestep/core';
import type { NgramModel } from '../language-model/ngram-model.ts';
import { SpellingTree } from './lexicon.ts';
import type { Speller } from './speller.ts';

const special: readonly string[] = ['<s>', '</s>', '<unk>'];

/**
 * The model's own words, as far as the tokens can spell them, in whatever way: whatever else is read is an unknown
 * word. Those that they cannot spell are added to `unspelled`.
 *
 * @throws ArgumentError `UNKNOWN_TOKEN` where the tokens can spell none of the words
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
      `[CtcBeamDecoder] the tokens can spell none of the language model's words, such as ${shown(unspelled)}; expected a model of the same alphabet: check its case, or pass unit: 'token' for a model of tokens`,
      'UNKNOWN_TOKEN',
    );
  return tree;
}

/** @throws ArgumentError `UNKNOWN_WORD` where the model knows none of the texts, so that it could tell nothing apart */
export function checkKnown(model: NgramModel, what: string, texts: readonly string[]): void {
  if (texts.length === 0 || texts.some((text) => model.words.index(text) >= 0)) return;
  throw new ArgumentError(
    `[CtcBeamDecoder] the language model knows none of the ${what}, such as ${shown(texts)}; expected a model of the same units: check its case, and whether it is one of words or of tokens`,
    'UNKNOWN_WORD',
  );
}

function shown(words: readonly string[]): string {
  return words
    .slice(0, 3)
    .map((word) => JSON.stringify(word))
    .join(', ');
}
