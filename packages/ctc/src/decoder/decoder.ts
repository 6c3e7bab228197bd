import { checkValue, type Rule, ShapeError } from '@timestep/core';
import { type Emissions, framesOf } from '../emissions.ts';
import { BeamSearch } from './beam-search.ts';
import { type BeamDecoderOptions, resolveOptions, type ResolvedOptions } from './options.ts';
import { type BeamResult, type PartialResult, readBeam } from './result.ts';

const piecesRule: Rule = (value) =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
    ? null
    : 'a sequence of emissions, such as an array or an async generator';

/**
 * A CTC decoder: prefix beam search with an optional language model, lexicon and hot words (Graves and Jaitly 2014;
 * Hannun et al. 2014). The score of a hypothesis y is
 *
 * ln p(y | x) + α·ln p_LM(y) + β·(words or tokens) + unknownScore·(unknown words) + (bonuses of hot words)
 *
 * p(y | x) sums over all paths, and over all labellings that give the same text: with extra spaces, other spellings or
 * other tokens. Each text is therefore only once in the results. With a wide enough beam the first result is the best
 * one. A beam of width 1 is *not* greedy decoding: it follows the best prefix, not the best path.
 *
 * @throws ArgumentError if an option is invalid; see the constructor
 * @example
 * ```ts
 * const decoder = new CTCBeamDecoder({ tokens: ['', ' ', 'a', 'b'], wordSeparator: ' ', beamWidth: 50, nBest: 3 });
 * for (const results of decoder.decode({ data: [0, 0, 5, 1, 5, 0, 0, 0, 0, 0, 1, 5], shape: [3, 4] })) {
 *   for (const { text, score } of results) console.log(text, score);
 * }
 * ```
 */
export class CTCBeamDecoder {
  readonly options: BeamDecoderOptions;
  readonly #resolved: ResolvedOptions;

  /**
   * @throws ArgumentError if an option is unknown or out of range; `INVALID_BLANK`; `UNKNOWN_TOKEN` if the tokens
   * cannot
   *   spell a word of the lexicon, a hot word, or any word of the language model; `UNKNOWN_WORD` if the model knows
   *   none of the lexicon's words (or tokens); `MALFORMED_LEXICON`
   */
  constructor(options: BeamDecoderOptions) {
    this.options = options;
    this.#resolved = resolveOptions(options);
  }

  /**
   * Decodes whole utterances.
   *
   * @param emissions logits or log-probabilities, `[T, C]` or `[T, N, C]`
   * @returns for each utterance at most `nBest` hypotheses, the best first; none if the lexicon allows none
   * @throws ShapeError if shape and data, or classes and tokens, disagree
   * @throws ArgumentError `INVALID_LENGTHS`, `NAN_IN_EMISSIONS`
   */
  decode(emissions: Emissions): BeamResult[][] {
    const options = this.#resolved;
    const frames = framesOf('CTCBeamDecoder', emissions, options.blank, (classes) => options.checkClasses(classes));
    return frames.map((utterance) => {
      const search = new BeamSearch(options);
      search.process(utterance);
      return readBeam(search, options, options.nBest, true);
    });
  }

  /** The words of the language model that the tokens cannot spell; the decoder can never return them. */
  get unspelledWords(): readonly string[] {
    return this.#resolved.unspelledWords;
  }

  /** Creates a stream that decodes the frames of one utterance as they arrive. */
  stream(): CTCStream {
    return new BeamStream(this.#resolved);
  }

  /**
   * Decodes the frames of one utterance as they arrive. Yields a partial result after each piece, then the final one.
   *
   * @param pieces emissions of shape `[t, C]`
   * @throws ShapeError, ArgumentError as `CTCStream.push`
   * @example
   * ```ts
   * for await (const { text, final } of decoder.decodeStream(microphoneFrames)) console.log(text, final);
   * ```
   */
  async *decodeStream(pieces: AsyncIterable<Emissions> | Iterable<Emissions>): AsyncGenerator<PartialResult> {
    checkValue('CTCBeamDecoder.decodeStream', 'pieces', pieces, piecesRule);
    const stream = this.stream();
    for await (const piece of pieces) yield { ...stream.push(piece), final: false };
    const [best] = stream.finish();
    if (best) yield { ...best, final: true };
  }
}

/** Decodes one utterance in pieces. The result does not depend on how the frames are split. */
export interface CTCStream {
  /** The number of frames so far */
  readonly frames: number;
  /**
   * Decodes the next frames, `[t, C]`, and returns the best hypothesis so far. Its last words may still change. Its
   * score does not include the unfinished word or the end of the sentence.
   *
   * @throws ShapeError, ArgumentError `NAN_IN_EMISSIONS`
   */
  push(emissions: Emissions): BeamResult;
  /** Ends the utterance and returns its `nBest` results. The stream can then decode another one. */
  finish(): BeamResult[];
}

class BeamStream implements CTCStream {
  readonly #options: ResolvedOptions;
  #search: BeamSearch;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#search = new BeamSearch(options);
  }

  get frames(): number {
    return this.#search.time;
  }

  push(emissions: Emissions): BeamResult {
    const options = this.#options;
    const utterances = framesOf('CTCStream', emissions, options.blank, (classes) => {
      if (emissions.shape.length !== 2)
        throw new ShapeError(
          `[CTCStream] expected frames of one utterance, [t, C], got [${emissions.shape.join(', ')}]; create a stream for each utterance`,
        );
      options.checkClasses(classes);
    });
    for (const frames of utterances) this.#search.process(frames);
    return readBeam(this.#search, this.#options, 1, false)[0]!;
  }

  finish(): BeamResult[] {
    const results = readBeam(this.#search, this.#options, this.#options.nBest, true);
    this.#search = new BeamSearch(this.#options);
    return results;
  }
}
