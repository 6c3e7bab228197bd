import { ArgumentError, checkOptions, is, type OptionRules, type Rule, ShapeError } from '@timestep/core';
import { checkBlank } from '../emissions.ts';
import type { NgramModel } from '../language-model/ngram-model.ts';
import type { SearchOptions } from './beam-search.ts';
import { Fusion } from './fusion.ts';
import { boundary, HotWords } from './hot-words.ts';
import { type LexiconEntries, lexiconTree, type SpellingTree } from './lexicon.ts';
import { Speller } from './speller.ts';
import { checkKnown, vocabularyTree } from './vocabulary.ts';

/** Options of `CTCBeamDecoder`. */
export interface BeamDecoderOptions {
  /** `[C]`: the text of each class. That of the blank is ignored. */
  readonly tokens: readonly string[];
  /** Index of the blank class, 0 by default. */
  readonly blank?: number | undefined;
  /** The number of hypotheses to keep after each frame, 100 by default. */
  readonly beamWidth?: number | undefined;
  /** Drops hypotheses whose score is this much below the best, in nats; +∞ by default. */
  readonly beamThreshold?: number | undefined;
  /** Extends hypotheses only with this many best tokens of a frame (flashlight's `beam_size_token`); all by default. */
  readonly maxTokens?: number | undefined;
  /** Ignores tokens below this ln p (pyctcdecode's `token_min_logp`, −5 there); −∞ by default. */
  readonly tokenThreshold?: number | undefined;
  /** The number of results for each utterance, 1 by default. */
  readonly nBest?: number | undefined;
  /** The token between words, such as `' '` or `'|'`. Without one, only a lexicon can separate words. */
  readonly wordSeparator?: string | null | undefined;
  /** An n-gram language model, as `readArpa` returns it; none by default. */
  readonly languageModel?: NgramModel | null | undefined;
  /** The unit of the language model: by default `word` if there is a separator or a lexicon, else `token`. */
  readonly unit?: 'word' | 'token' | undefined;
  /** The weight of the language model's ln p, 0.5 by default. */
  readonly alpha?: number | undefined;
  /**
   * The score to add for each word (each token if the unit is `token`), 0 by default. It balances the language model's
   * preference for short texts.
   */
  readonly beta?: number | undefined;
  /** The score to add for each word that the language model does not know, −10 by default. */
  readonly unknownScore?: number | undefined;
  /** Whether the model scores the end of the sentence, true by default. */
  readonly endOfSentence?: boolean | undefined;
  /**
   * The only words that may be recognized: plain words, which are spelled with the longest tokens that fit, or words
   * with spellings, as `readLexicon` returns them. A separator at the end of a spelling is dropped.
   */
  readonly lexicon?: LexiconEntries | readonly string[] | null | undefined;
  /** Words or phrases to prefer: a list, or an object with the bonus of each, in nats. */
  readonly hotWords?: readonly string[] | Readonly<Record<string, number>> | undefined;
  /** The bonus of each hot word of a list, 10 nats by default. */
  readonly hotWordWeight?: number | undefined;
}

/** The options with their defaults, and the objects that are built from them. */
export interface ResolvedOptions extends SearchOptions {
  readonly tokens: readonly string[];
  readonly nBest: number;
  readonly tellsWords: boolean;
  readonly spellings: SpellingTree | null;
  /** The words of the language model that the tokens cannot spell */
  readonly unspelledWords: readonly string[];
  checkClasses(classes: number): void;
}

const where = 'CTCBeamDecoder';

const lexiconRule: Rule = (value) =>
  typeof value === 'object' && value !== null && Symbol.iterator in value && !ArrayBuffer.isView(value)
    ? null
    : 'a list of words, or of words with their spellings (readLexicon reads a file)';
const hotWordsRule: Rule = (value) => {
  const isPlain =
    typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';
  const fits = Array.isArray(value)
    ? value.every((word) => typeof word === 'string')
    : isPlain && Object.values(value).every((weight) => Number.isFinite(weight));
  return fits ? null : 'a list of words and phrases, or an object with a finite number for each';
};

const rules: OptionRules<BeamDecoderOptions> = {
  tokens: is.arrayOf(is.string, 'a list of the text of each class'),
  blank: is.optional(is.integer()),
  beamWidth: is.optional(is.integer(1, 1_000_000)),
  beamThreshold: is.optional(is.number({ above: 0, infinite: true })),
  maxTokens: is.optional(is.size()),
  tokenThreshold: is.optional(is.number({ max: 0, infinite: true })),
  nBest: is.optional(is.size()),
  wordSeparator: is.nullable(is.string),
  languageModel: is.nullable(is.like('an NgramModel, such as readArpa gives', 'words', 'step', 'start', 'order')),
  unit: is.optional(is.oneOf('word', 'token')),
  alpha: is.optional(is.number({ min: 0 })),
  beta: is.optional(is.number()),
  unknownScore: is.optional(is.number()),
  endOfSentence: is.optional(is.boolean),
  lexicon: is.nullable(lexiconRule),
  hotWords: is.optional(hotWordsRule),
  hotWordWeight: is.optional(is.number()),
};

export function resolveOptions(options: BeamDecoderOptions): ResolvedOptions {
  checkOptions(where, options, rules);
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
  const units = tokens.map((token, c) => (c === separator ? [boundary] : unitsOf(token)));
  const unspelledWords: string[] = [];
  const spellings = options.lexicon
    ? lexiconTree(options.lexicon, speller, separator)
    : separator >= 0 && unit === 'word'
      ? vocabularyTree({ model, speller, separator, units, unspelled: unspelledWords })
      : null;
  if (model !== null && unit === 'token')
    checkKnown(
      model,
      'tokens',
      tokens.filter((token, c) => c !== blank && token !== ''),
    );
  if (model !== null && unit === 'word' && closed) checkKnown(model, "lexicon's words", spellings!.words);
  const fusion = fusionOf(options, { closed, separator, unit, spellings, speller, units });
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
    unspelledWords,
    checkClasses(got) {
      if (got !== classes)
        throw new ShapeError(
          `[${where}] expected ${classes} classes, one for each token, got ${got}; pass the tokens of this network`,
        );
    },
  };
}

function unitsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, k) => text.charCodeAt(k));
}

function separatorOf({ wordSeparator = null }: BeamDecoderOptions, speller: Speller): number {
  if (wordSeparator === null) return -1;
  const separator = speller.class(wordSeparator);
  if (separator < 0) {
    throw new ArgumentError(
      `[${where}] the wordSeparator ${JSON.stringify(wordSeparator)} is not one of the tokens; pass the text of a class`,
      'UNKNOWN_TOKEN',
    );
  }
  return separator;
}

interface Built {
  readonly closed: boolean;
  readonly separator: number;
  readonly unit: 'word' | 'token';
  readonly spellings: SpellingTree | null;
  readonly speller: Speller;
  /** The units of each class */
  readonly units: readonly (readonly number[])[];
}

function fusionOf(options: BeamDecoderOptions, built: Built): Fusion | null {
  const { closed, separator, unit, spellings, speller, units } = built;
  const { tokens, alpha = 0.5, beta = 0, unknownScore = -10, endOfSentence = true, hotWordWeight = 10 } = options;
  const model = options.languageModel ?? null;
  const entries = Object.entries(
    Array.isArray(options.hotWords)
      ? Object.fromEntries((options.hotWords as string[]).map((word) => [word, hotWordWeight]))
      : (options.hotWords ?? {}),
  );
  if (model === null && entries.length === 0 && !closed && beta === 0) return null;
  const phrases = entries.map(([phrase, weight]) => ({
    units: phraseUnits(phrase, separator < 0 ? null : tokens[separator]!, speller),
    weight,
  }));
  const symbols = Int32Array.from(tokens, (token) => model?.index(token) ?? -1);
  const hotWords = phrases.length > 0 ? new HotWords(phrases, units, separator >= 0) : null;
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

/** Returns the units of a hot word or phrase. Its words are separated by white space or by the separator. */
function phraseUnits(phrase: string, separator: string | null, speller: Speller): number[] {
  if (separator === null) {
    speller.spellOrThrow('hotWords', phrase);
    return unitsOf(phrase);
  }
  const words = phrase.replaceAll(separator, ' ').split(/\s+/u).filter(Boolean);
  for (const word of words.length === 0 ? [''] : words) speller.spellOrThrow('hotWords', word);
  return words.flatMap((word, k) => (k === 0 ? unitsOf(word) : [boundary, ...unitsOf(word)]));
}
