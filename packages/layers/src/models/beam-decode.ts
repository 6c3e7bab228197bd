import { checkOptions, checkValue, createScope, is, logSoftmax, type OptionRules, slice, tensor } from '@timestep/core';
import { inEvalMode } from '../modes.ts';
import type { Module } from '../module.ts';
import { checkSource, type EncoderDecoder, type Source } from './encoder-decoder.ts';
import { encoderDecoderRule, type GreedyOptions, greedyRules, type Hypothesis, rowOf } from './greedy-decode.ts';
import { type StepDecoder, stepDecoderRule } from './step-decoder.ts';

/** Options of {@link beamDecode}. */
export interface BeamOptions extends GreedyOptions {
  /** How many hypotheses are kept at each step. */
  readonly beamWidth: number;
  /**
   * α of the length penalty: ln p is divided by ((5 + |y|)/6)^α (Wu et al. 2016, equation 14). 0 (default) for none.
   */
  readonly lengthPenalty?: number | undefined;
}

const beamRules: OptionRules<BeamOptions> = {
  ...greedyRules,
  beamWidth: is.integer(1, 2 ** 16),
  lengthPenalty: is.optional(is.number({ min: 0 })),
};

/** A hypothesis of {@link beamDecode} with its score. */
export interface ScoredHypothesis extends Hypothesis {
  /** ln p, divided by the length penalty */
  readonly score: number;
}

interface Candidate {
  readonly parent: number;
  readonly symbol: number;
  readonly logProbability: number;
}

/**
 * Decodes the best targets of each source by beam search. Finished hypotheses are set aside. The search ends when no
 * open hypothesis can beat the worst of the best `beamWidth` finished ones.
 *
 * @returns for each source at most `beamWidth` hypotheses, the best score first
 * @throws ArgumentError for an unknown option or a wrong value; DTypeError for source tokens that are not i32
 * @example
 * ```ts
 * const [hypotheses] = await beamDecode(model, { tokens: source }, { maxLength: 20, beamWidth: 5 });
 * console.log(hypotheses[0].tokens, hypotheses[0].score);
 * ```
 */
export async function beamDecode(
  model: EncoderDecoder,
  source: Source,
  options: BeamOptions,
): Promise<ScoredHypothesis[][]> {
  checkValue('beamDecode', 'model', model, encoderDecoderRule);
  checkSource('beamDecode', source);
  checkOptions('beamDecode', options, beamRules);
  const results: ScoredHypothesis[][] = [];
  for (let n = 0; n < source.tokens.shape[1]!; n++) {
    using scope = createScope(source.tokens.backend, { gradient: false, training: false });
    const length = source.lengths?.[n];
    const state = scope.run(() => {
      const tokens = slice(source.tokens, 1, n, n + 1);
      return inEvalMode(model, () => model.encode({ tokens, lengths: length === undefined ? null : [length] }));
    });
    results.push(await search(model, state, options));
  }
  return results;
}

/**
 * Decodes the best targets from a state by beam search, for any decoder that goes a symbol at a time; see
 * {@link beamDecode}, which does the same for an {@link EncoderDecoder} and its sources.
 *
 * @param decoder it runs without dropout and without gradients
 * @param state the state to start from, of a batch of one
 * @returns at most `beamWidth` hypotheses, the best score first
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const hypotheses = await beamSearch(captioner, captioner.look(picture), { maxLength: 20, beamWidth: 5 });
 * ```
 */
export async function beamSearch<State>(
  decoder: Module & StepDecoder<State>,
  state: State,
  options: BeamOptions,
): Promise<ScoredHypothesis[]> {
  checkValue('beamSearch', 'decoder', decoder, stepDecoderRule);
  checkValue('beamSearch', 'state', state, is.object);
  checkOptions('beamSearch', options, beamRules);
  return search(decoder, state, options);
}

async function search<State>(
  model: Module & StepDecoder<State>,
  initial: State,
  { beamWidth, maxLength, lengthPenalty = 0 }: BeamOptions,
): Promise<ScoredHypothesis[]> {
  const { backend } = model.parameters()[0]!;
  using scope = createScope(backend, { gradient: false, training: false });
  const penalty = (length: number): number => ((5 + length) / 6) ** lengthPenalty;
  let state = initial;
  let open: Hypothesis[] = [{ tokens: [], logProbability: 0, weights: [], finished: false }];
  const done: ScoredHypothesis[] = [];
  for (let t = 0; t < maxLength && open.length > 0; t++) {
    const last = Int32Array.from(open, ({ tokens }) => tokens.at(-1) ?? model.start);
    const before = state;
    const result = scope.run(() => inEvalMode(model, () => model.step(tensor(backend, last), before)));
    const wanted = [scope.run(() => logSoftmax(result.logits)), ...(result.weights ? [result.weights] : [])];
    const [logs, weights] = await backend.readMany(wanted.map(({ buffer }) => buffer));
    const extended = best(open, logs!, model.targetSymbols, beamWidth);
    const next: Hypothesis[] = [];
    const parents: number[] = [];
    for (const { parent, symbol, logProbability } of extended) {
      const before = open[parent]!;
      const finished = symbol === model.end;
      const own = {
        tokens: finished ? before.tokens : [...before.tokens, symbol],
        logProbability,
        weights: weights ? [...before.weights, rowOf(weights, parent, open.length)] : [],
        finished,
      };
      if (finished) done.push({ ...own, score: logProbability / penalty(t + 1) });
      else {
        next.push(own);
        parents.push(parent);
      }
    }
    done.sort((a, b) => b.score - a.score).splice(beamWidth);
    // ln p only falls, and the penalty is largest for the longest: no open hypothesis will score above this.
    const hope = Math.max(...next.map(({ logProbability }) => logProbability / penalty(maxLength)));
    if (done.length === beamWidth && done.at(-1)!.score >= hope) break;
    open = next;
    state = scope.run(() => model.selectRows(result.state, parents));
    if (t === maxLength - 1)
      done.push(
        ...open.map((hypothesis) => ({ ...hypothesis, score: hypothesis.logProbability / penalty(maxLength) })),
      );
  }
  return done.sort((a, b) => b.score - a.score).slice(0, beamWidth);
}

/** The most likely extensions of all hypotheses together, of equal ones the first. */
function best(open: readonly Hypothesis[], logs: ArrayLike<number>, symbols: number, count: number): Candidate[] {
  // Of thousands of symbols only a few are kept, so most are turned away by one comparison.
  const kept: Candidate[] = [];
  for (const [parent, hypothesis] of open.entries()) {
    for (let symbol = 0; symbol < symbols; symbol++) {
      const logProbability = hypothesis.logProbability + logs[parent * symbols + symbol]!;
      if (kept.length === count && !(logProbability > kept[count - 1]!.logProbability)) continue;
      const place = kept.findIndex((other) => logProbability > other.logProbability);
      kept.splice(place < 0 ? kept.length : place, 0, { parent, symbol, logProbability });
      kept.length = Math.min(kept.length, count);
    }
  }
  return kept;
}
