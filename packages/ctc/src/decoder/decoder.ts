import { checkValue, type Rule, ShapeError } from '@timestep/core';
import { checkEmissions, type Emissions, framesOf } from '../emissions.ts';
import { BeamSearch } from './beam-search.ts';
import { type BeamDecoderOptions, resolveOptions, type ResolvedOptions } from './options.ts';
import { type BeamResult, type PartialResult, readBeam } from './result.ts';

const piecesRule: Rule = (value) =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
    ? null
    : 'emissions that come one after the other, such as an array or an async generator';

/**
 * CTC prefix beam search with a language model, a lexicon and hot words. A hypothesis y is ranked by
 *
 * ln p(y | x) + α·ln p_LM(y) + β·(words or tokens) + unknownScore·(words the model does not know) + bonuses of hot
 * words,
 *
 * where p(y | x) sums over all of its paths, and over all labellings that read as the same text: spaces at the ends or
 * doubled, other spellings, other tokens. So no text comes twice among the results. With a beam that is wide enough the first result is the best labelling
 * there is. A beam of width 1 is *not* greedy decoding: it follows the best prefix, which sums over paths, and greedy
 * decoding the best path.
 *
 * @example
 * const decoder = new CtcBeamDecoder({ tokens: ['', ' ', 'a', 'b'], wordSeparator: ' ', beamWidth: 50, nBest: 3,
 * languageModel: readArpa(text) }); const [[best]] = decoder.decode({ data: await logits.data(), shape: logits.shape
 * }); best.text;
 */
export class CtcBeamDecoder {
  readonly options: BeamDecoderOptions;
  readonly #resolved: ResolvedOptions;

  /**
   * @throws ArgumentError for an unknown option or one out of range; `INVALID_BLANK`; `UNKNOWN_TOKEN` for a lexicon's
   *   spelling or a hot word with a token that is no class, or a language model none of whose words can be spelled;
   *   `UNKNOWN_WORD` for a model that knows none of the lexicon's words (or tokens); `MALFORMED_LEXICON`
   */
  constructor(options: BeamDecoderOptions) {
    this.options = options;
    this.#resolved = resolveOptions(options);
  }

  /**
   * Decodes whole utterances.
   *
   * @param emissions logits or log-probabilities, `[T, C]` or `[T, N, C]`
   * @returns for each utterance its best hypotheses, the best first: at most `nBest`, and none where the lexicon allows
   * none
   * @throws ShapeError, ArgumentError `INVALID_LENGTHS`, `NAN_IN_EMISSIONS`
   */
  decode(emissions: Emissions): BeamResult[][] {
    this.#checkClasses(emissions);
    return framesOf('CtcBeamDecoder', emissions, this.#resolved.blank).map((frames) => {
      const search = new BeamSearch(this.#resolved);
      search.process(frames);
      return readBeam(search, this.#resolved, this.#resolved.nBest, true);
    });
  }

  /** Words of the language model that the tokens cannot spell, so that they are never read as that word. */
  get unspelledWords(): readonly string[] {
    return this.#resolved.unspelledWords;
  }

  /** A decoder for frames that come bit by bit. */
  stream(): CtcStream {
    return new BeamStream(this.#resolved, (emissions) => this.#checkClasses(emissions));
  }

  /**
   * Decodes frames as they come: a partial result after each piece, the last one final.
   *
   * @example
   * for await (const { text, final } of decoder.decodeStream(microphoneFrames)) show(text, final);
   */
  async *decodeStream(pieces: AsyncIterable<Emissions> | Iterable<Emissions>): AsyncGenerator<PartialResult> {
    checkValue('CtcBeamDecoder.decodeStream', 'pieces', pieces, piecesRule);
    const stream = this.stream();
    for await (const piece of pieces) yield { ...stream.push(piece), final: false };
    const [best] = stream.finish();
    if (best) yield { ...best, final: true };
  }

  #checkClasses(emissions: Emissions): void {
    checkEmissions('CtcBeamDecoder', emissions, this.#resolved.blank);
    this.#resolved.checkClasses(emissions.shape.at(-1)!);
  }
}

/** One utterance whose frames come bit by bit. Nothing depends on where they were cut. */
export interface CtcStream {
  /** Frames so far */
  readonly frames: number;
  /**
   * Takes the next frames, `[t, C]`, and returns the best hypothesis so far. Its last words may change, and its score
   * is without what the end will add (the unfinished word, the end of the sentence).
   *
   * @throws ShapeError, ArgumentError `NAN_IN_EMISSIONS`
   */
  push(emissions: Emissions): BeamResult;
  /** Ends the utterance: its `nBest` results. The stream begins anew after it. */
  finish(): BeamResult[];
}

class BeamStream implements CtcStream {
  readonly #options: ResolvedOptions;
  readonly #check: (emissions: Emissions) => void;
  #search: BeamSearch;

  constructor(options: ResolvedOptions, check: (emissions: Emissions) => void) {
    this.#options = options;
    this.#check = check;
    this.#search = new BeamSearch(options);
  }

  get frames(): number {
    return this.#search.time;
  }

  push(emissions: Emissions): BeamResult {
    this.#check(emissions);
    if (emissions.shape.length !== 2)
      throw new ShapeError(
        `[CtcStream] expected frames of one utterance, [t, C], got [${emissions.shape.join(', ')}]; make a stream for each utterance`,
      );
    for (const frames of framesOf('CtcStream', emissions, this.#options.blank)) this.#search.process(frames);
    return readBeam(this.#search, this.#options, 1, false)[0]!;
  }

  finish(): BeamResult[] {
    const results = readBeam(this.#search, this.#options, this.#options.nBest, true);
    this.#search = new BeamSearch(this.#options);
    return results;
  }
}
