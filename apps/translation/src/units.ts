import { BytePairEncoder, type BytePairState, Vocabulary, type VocabularyState } from '@timestep/datasets';
import type { Pairs } from './corpus.ts';

/** Units and vocabularies of both languages, as they are saved with a model: a type, for an interface is no JSON. */

export type UnitsState = {
  readonly merges: BytePairState['merges'];
  readonly source: VocabularyState['tokens'];
  readonly target: VocabularyState['tokens'];
  readonly tokenized: boolean;
};

const [unknown, start, end] = ['<unk>', '<s>', '</s>'];

/** Text to unit numbers and back: one byte-pair encoding for both languages, a vocabulary for each. */
export class Units {
  readonly source: Vocabulary;
  readonly target: Vocabulary;
  readonly start: number;
  readonly end: number;
  readonly tokenized: boolean;
  readonly #encoder: BytePairEncoder;

  constructor(state: UnitsState) {
    this.#encoder = BytePairEncoder.load({ merges: state.merges });
    this.source = new Vocabulary(state.source, { unknown });
    this.target = new Vocabulary(state.target, { unknown });
    this.start = this.target.indexOf(start);
    this.end = this.target.indexOf(end);
    this.tokenized = state.tokenized;
  }

  /** Learns units and vocabularies from the training part. */
  static learn({ pairs, tokenized }: Pairs, size: number): UnitsState {
    const texts = pairs.flatMap(({ source, target }) => [source, target]);
    const encoder = BytePairEncoder.train(texts, { size });
    const tokens = (side: 'source' | 'target', specials: readonly string[]): readonly string[] =>
      Vocabulary.from(
        pairs.map((pair) => encoder.encode(pair[side])),
        { specials },
      ).tokens;
    return {
      merges: encoder.save().merges,
      source: tokens('source', [unknown]),
      target: tokens('target', [unknown, start, end]),
      tokenized,
    };
  }

  /** The units of a source sentence. */
  split(text: string): string[] {
    return this.#encoder.encode(text);
  }

  encodeSource(text: string): Int32Array {
    return this.source.encode(this.split(text));
  }

  /** Without start and end. */
  encodeTarget(text: string): Int32Array {
    return this.target.encode(this.split(text));
  }

  /** The units of a target without its start and end. */
  targetUnits(tokens: readonly number[]): string[] {
    return this.target.decode(tokens.filter((token) => token !== this.start && token !== this.end));
  }

  join(units: readonly string[]): string {
    return this.#encoder.decode(units);
  }
}

/** Converts typed text to the form of a tokenised corpus: lower case, with spaces around punctuation. */
export function tokenize(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/(?<!\d)[.,](?!\d)|[^\p{L}\p{M}\p{N}\s.,'’-]/gu, ' $& ')
    .replaceAll(/\s+/gu, ' ')
    .trim();
}
