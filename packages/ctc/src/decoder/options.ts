import { ArgumentError, ShapeError } from '@timestep/core';
import { checkBlank } from '../emissions.ts';
import type { NgramModel } from '../language-model/ngram-model.ts';
import type { SearchOptions } from './beam-search.ts';
import { Fusion } from './fusion.ts';
import { HotWords } from './hot-words.ts';
import { type LexiconEntries, lexiconTree, SpellingTree } from './lexicon.ts';
import { Speller } from './speller.ts';

export interface BeamDecoderOptions {
  /** `[C]`: the text of each class; the blank's is not used. */
  readonly tokens: readonly string[];
  /** Index of the blank class, 0 by default. */
  readonly blank?: number | undefined;
  /** Hypotheses kept after each frame, 100 by default. */
  readonly beamWidth?: number | undefined;
  /** Hypotheses this much worse than the best are dropped, in nats; +∞ by default. */
  readonly beamThreshold?: number | undefined;
  /** Only the best so many tokens of a frame extend hypotheses (flashlight's `beam_size_token`); all by default. */
  readonly maxTokens?: number | undefined;
  /** Tokens below this ln p extend nothing (pyctcdecode's `token_min_logp`, −5 there); −∞ by default. */
  readonly tokenThreshold?: number | undefined;
  /** Results an utterance, 1 by default. */
  readonly nBest?: number | undefined;
  /** The token between words, such as `' '` or `'|'`. Without one, words are told apart by a lexicon only. */
  readonly wordSeparator?: string | null | undefined;
  readonly languageModel?: NgramModel | null | undefined;
  /** What the model's words are: by default `word` where words are told apart, else `token`. */
  readonly unit?: 'word' | 'token' | undefined;
  /** The weight of the language model's ln p, 0.5 by default. */
  readonly alpha?: number | undefined;
  /**
   * Added for each word (each token for the unit `token`), 0 by default: makes up for what the model takes from long
   * texts.
   */
  readonly beta?: number | undefined;
  /** Added for each word that the language model does not know, −10 by default. */
  readonly unknownScore?: number | undefined;
  /** Whether the model scores the end of the sentence, true by default. */
  readonly endOfSentence?: boolean | undefined;
  /**
   * The only words allowed: plain words, which are spelled by the longest tokens that fit, or words with spellings,
   * such as `readLexicon` gives.
   */
  readonly lexicon?: LexiconEntries | readonly string[] | null | undefined;
  /** Words or phrases to look out for, or each with a bonus of its own, in nats. */
  readonly hotWords?: readonly string[] | Readonly<Record<string, number>> | undefined;
  /** The bonus of a hot word without its own, 10 nats by default. */
  readonly hotWordWeight?: number | undefined;
}

/** Options with everything built that they describe. */
export interface ResolvedOptions extends SearchOptions {
  readonly tokens: readonly string[];
  readonly nBest: number;
  readonly separator: number;
  readonly tellsWords: boolean;
  readonly spellings: SpellingTree | null;
  checkClasses(classes: number): void;
}

const where = 'CtcBeamDecoder';

export function resolveOptions(options: BeamDecoderOptions): ResolvedOptions {
  const {
    tokens,
    blank = 0,
    beamWidth = 100,
    nBest = 1,
    beamThreshold = Infinity,
    tokenThreshold = -Infinity,
  } = options;
  const classes = tokens.length;
  checkBlank(where, blank, classes);
  const maxTokens = options.maxTokens ?? classes;
  for (const [name, value] of Object.entries({ beamWidth, nBest, maxTokens })) {
    if (!Number.isInteger(value) || value < 1)
      throw new ArgumentError(`[${where}] expected ${name} to be an integer of 1 or more, got ${value}`);
  }
  if (!(beamThreshold > 0))
    throw new ArgumentError(
      `[${where}] expected a beamThreshold above 0, got ${beamThreshold}; it is how many nats below the best a hypothesis may be`,
    );
  if (!(tokenThreshold <= 0))
    throw new ArgumentError(`[${where}] expected a tokenThreshold of 0 or below, got ${tokenThreshold}; it is a ln p`);
  const speller = new Speller(tokens, blank);
  const separator = separatorOf(options, speller);
  const closed = Boolean(options.lexicon);
  const tellsWords = closed || separator >= 0;
  const model = options.languageModel ?? null;
  const unit = options.unit ?? (tellsWords ? 'word' : 'token');
  if (unit === 'word' && !tellsWords && (model || options.beta)) {
    throw new ArgumentError(
      `[${where}] expected a wordSeparator or a lexicon with unit: 'word', got neither; pass one, or unit: 'token' for a model of single tokens`,
    );
  }
  const spellings = options.lexicon
    ? lexiconTree(options.lexicon, speller)
    : separator >= 0 && unit === 'word'
      ? vocabularyTree(model, speller, separator)
      : null;
  const fusion = fusionOf(options, { closed, separator, unit, spellings, speller, tellsWords });
  return {
    classes,
    blank,
    beamWidth,
    beamThreshold,
    maxTokens,
    tokenThreshold,
    fusion,
    tokens,
    nBest,
    separator,
    tellsWords,
    spellings,
    checkClasses(got) {
      if (got !== classes)
        throw new ShapeError(
          `[${where}] expected ${classes} classes, one for each token, got ${got}; pass the tokens of this network`,
        );
    },
  };
}

function separatorOf({ wordSeparator = null }: BeamDecoderOptions, speller: Speller): number {
  if (wordSeparator === null) return -1;
  const separator = speller.class(wordSeparator);
  if (separator < 0) {
    throw new ArgumentError(
      `[${where}] the wordSeparator ${JSON.stringify(wordSeparator)} is none of the tokens, expected the text of a class`,
      'UNKNOWN_TOKEN',
    );
  }
  return separator;
}

/** The model's own words, as far as the tokens can spell them: whatever else is spelled is an unknown word. */
function vocabularyTree(model: NgramModel | null, speller: Speller, separator: number): SpellingTree {
  const tree = new SpellingTree();
  for (let k = 0; k < (model?.words.size ?? 0); k++) {
    const word = model!.words.word(k);
    const classes = ['<s>', '</s>', '<unk>'].includes(word) ? null : speller.spell(word);
    if (classes && classes.length > 0 && !classes.includes(separator)) tree.add(word, classes);
  }
  return tree;
}

interface Built {
  readonly closed: boolean;
  readonly separator: number;
  readonly unit: 'word' | 'token';
  readonly spellings: SpellingTree | null;
  readonly speller: Speller;
  readonly tellsWords: boolean;
}

function fusionOf(options: BeamDecoderOptions, { closed, separator, unit, spellings, speller }: Built): Fusion | null {
  const { tokens, alpha = 0.5, beta = 0, unknownScore = -10, endOfSentence = true, hotWordWeight = 10 } = options;
  for (const [name, value] of Object.entries({ alpha, beta, unknownScore, hotWordWeight })) {
    if (!Number.isFinite(value) || (name === 'alpha' && value < 0))
      throw new ArgumentError(
        `[${where}] expected a finite ${name}${name === 'alpha' ? ' of 0 or more' : ''}, got ${value}`,
      );
  }
  const model = options.languageModel ?? null;
  const entries = Object.entries(
    Array.isArray(options.hotWords)
      ? Object.fromEntries((options.hotWords as string[]).map((word) => [word, hotWordWeight]))
      : (options.hotWords ?? {}),
  );
  if (model === null && entries.length === 0 && !closed && beta === 0) return null;
  const phrases = entries.map(([phrase, weight]) => ({
    classes: speller.spellOrThrow(
      'hotWords',
      separator < 0 ? phrase : phrase.trim().replaceAll(/\s+/gu, tokens[separator]!),
    ),
    weight,
  }));
  const symbols = Int32Array.from(tokens, (token) => model?.index(token) ?? -1);
  const hotWords = phrases.length > 0 ? new HotWords(phrases, separator) : null;
  return new Fusion({
    model,
    unit,
    symbols,
    tree: spellings,
    closed,
    separator,
    hotWords,
    alpha,
    beta,
    unknownScore,
    endOfSentence,
  });
}
