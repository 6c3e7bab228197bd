import { Vocabulary } from '@timestep/datasets';

/** What is saved with a model: its symbols by index. */
export interface Saved {
  readonly tokens: string[];
  readonly [name: string]: string[];
}

/** The symbol of everything that training did not see. */
export const unknown = '<unk>';

/** The vocabulary of a text: the unknown symbol, the end of a line, then the symbols by falling count. */
export function makeVocabulary(symbols: readonly string[], end: string): Saved {
  return { tokens: [...Vocabulary.from([symbols], { specials: [unknown, end], unknown }).tokens] };
}

/** The vocabulary that was saved with a model. */
export function vocabularyOf({ tokens }: Saved): Vocabulary {
  return new Vocabulary(tokens, { unknown });
}
